// The room process: stores the rooms of several gateway processes on one machine. The same worker as theirs, which no visitor
// reaches; they call it through a socket that only their user can open (scripts/lib/gateway-process.ts).

import { WorkerEntrypoint } from 'cloudflare:workers';
import {
  type DirectoryCalls,
  type LedgerBindings,
  ownObjects,
  type RoomCalls,
  type RoomProcessCalls,
} from './ledger-calls.ts';

export class RoomProcess extends WorkerEntrypoint<LedgerBindings> implements RoomProcessCalls {
  room<Name extends keyof RoomCalls>(
    room: string,
    call: Name,
    ...parameters: Parameters<RoomCalls[Name]>
  ): ReturnType<RoomCalls[Name]> {
    return called(ownObjects(this.env).room(room), call, parameters);
  }

  directory<Name extends keyof DirectoryCalls>(
    call: Name,
    ...parameters: Parameters<DirectoryCalls[Name]>
  ): ReturnType<DirectoryCalls[Name]> {
    return called(ownObjects(this.env).directory(), call, parameters);
  }
}

function called<Calls, Name extends keyof Calls>(calls: Calls, name: Name, parameters: unknown[]): never {
  return (calls as Record<Name, (...parameters: unknown[]) => never>)[name](...parameters);
}
