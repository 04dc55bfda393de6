// How stores call the objects of rooms and of the directory: in this deployment or process, or in the room process that several
// gateway processes of one machine share (docs/self-hosting.md). A call is a remote one either way.

import type { RoomView, ViewRequest } from '../../../queue-core/board.ts';
import type { Command, Reply } from '../../../queue-core/command.ts';
import type {
  DirectoryCommand,
  DirectoryReply,
  DirectoryView,
} from '../../../queue-core/directory/directory-document.ts';
import type { Page, Table } from '../../../queue-core/machine.ts';
import type { Applied, StoredRows, StoreRefusal, Viewed } from '../store-result.ts';
import type { DirectoryObject, RoomObject } from './room-object.ts';

export interface RoomCalls {
  apply(commands: readonly Command[]): Promise<Applied<Reply> | StoreRefusal>;
  applyAll(batches: readonly (readonly Command[])[]): Promise<(Applied<Reply> | StoreRefusal)[]>;
  view(request: ViewRequest): Promise<Viewed<RoomView> | StoreRefusal>;
  rows(table: Table, page: Page): Promise<StoredRows | StoreRefusal>;
}

export interface DirectoryCalls {
  apply(commands: readonly DirectoryCommand[]): Promise<Applied<DirectoryReply> | StoreRefusal>;
  view(known: number | null): Promise<Viewed<DirectoryView | null> | StoreRefusal>;
  rows(table: Table, page: Page): Promise<StoredRows | StoreRefusal>;
  template(number: number): Promise<string | null>;
}

/** The calls of both kinds of objects, as the room process takes them. */
export interface RoomProcessCalls {
  room<Name extends keyof RoomCalls>(
    room: string,
    call: Name,
    ...parameters: Parameters<RoomCalls[Name]>
  ): ReturnType<RoomCalls[Name]>;
  directory<Name extends keyof DirectoryCalls>(
    call: Name,
    ...parameters: Parameters<DirectoryCalls[Name]>
  ): ReturnType<DirectoryCalls[Name]>;
}

export interface LedgerObjects {
  /** For one call: after a failure the next one needs a new one. */
  room(name: string): RoomCalls;
  directory(): DirectoryCalls;
}

/** Where Cloudflare creates an object: near the visitors, not near the gateway that asks first. */
export type Placement = Pick<DurableObjectNamespaceGetDurableObjectOptions, 'locationHint'>;

export interface LedgerBindings {
  ROOM_OBJECTS: DurableObjectNamespace<RoomObject>;
  DIRECTORY_OBJECTS: DurableObjectNamespace<DirectoryObject>;
  /** The room process, as a service of the runtime. */
  ROOM_PROCESS?: RoomProcessCalls;
  /** Not empty: rooms are stored by the room process. */
  ROOMS_ELSEWHERE?: string;
  LOCATION_HINT?: Placement['locationHint'] | '';
}

export function ledgerObjects(env: LedgerBindings): LedgerObjects {
  const { ROOM_PROCESS: process, ROOMS_ELSEWHERE, LOCATION_HINT: locationHint } = env;
  if (process !== undefined && (ROOMS_ELSEWHERE ?? '') !== '') return objectsOfProcess(process);
  return ownObjects(env, locationHint ? { locationHint } : {});
}

const DIRECTORY = 'directory';

export function ownObjects(
  { ROOM_OBJECTS: rooms, DIRECTORY_OBJECTS: directories }: Pick<LedgerBindings, 'ROOM_OBJECTS' | 'DIRECTORY_OBJECTS'>,
  placement: Placement = {},
): LedgerObjects {
  return {
    // The runtime's types of a stub wrap every reply in a promise of its own, whose plain value is the same.
    room: (name) => rooms.get(rooms.idFromName(name), placement) as unknown as RoomCalls,
    directory: () => directories.get(directories.idFromName(DIRECTORY), placement) as unknown as DirectoryCalls,
  };
}

function objectsOfProcess(process: RoomProcessCalls): LedgerObjects {
  return {
    room: (name) => ({
      apply: (commands) => process.room(name, 'apply', commands),
      applyAll: (batches) => process.room(name, 'applyAll', batches),
      view: (request) => process.room(name, 'view', request),
      rows: (table, page) => process.room(name, 'rows', table, page),
    }),
    directory: () => ({
      apply: (commands) => process.directory('apply', commands),
      view: (known) => process.directory('view', known),
      rows: (table, page) => process.directory('rows', table, page),
      template: (number) => process.directory('template', number),
    }),
  };
}
