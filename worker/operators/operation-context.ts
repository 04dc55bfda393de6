// What a handler of the operators' API receives: a Hono context whose variables the middleware has set (middleware.ts). Their
// types follow from the operation's line in the contract, so a handler that expects anything else does not compile.

import type { Context } from 'hono';
import type * as z from 'zod';
import type { DirectoryRoom, DirectoryView } from '../../queue-core/directory/directory-document.ts';
import type { OPERATIONS, Operation, OperationName } from '../contract/operator-api.ts';
import type { Background } from '../http/request-env.ts';
import type { RoomConfig } from '../settings.ts';
import type { RoomSnapshot } from '../views/room-views.ts';
import type { Principal } from './auth.ts';
import type { ChangeBase, Versions } from './versions.ts';

/** A room of the directory with its state, as this gateway knows it. */
export interface CurrentRoom {
  entry: DirectoryRoom;
  config: RoomConfig;
  snapshot: RoomSnapshot;
  versions: Versions;
}

export interface OperatorVariables {
  background: Background;
  directory: DirectoryView;
  /** null: not authenticated, which only operations without a role allow. */
  principal: Principal | null;
  /** The version that a change was decided on; null: the request names none. */
  ifMatch: ChangeBase | null;
  query: unknown;
  /** The checked JSON body, or the text of an operation with `bodyType`. */
  body: unknown;
  /** Of an operation on one room. */
  room: CurrentRoom | undefined;
  /** Of a change: the store applies one id only once. */
  changeId: string | undefined;
}

export type OperatorEnv = { Variables: OperatorVariables };

type Line<N extends OperationName> = (typeof OPERATIONS)[N];
type Field<N extends OperationName, K extends keyof Operation> =
  Line<N> extends { [P in K]: infer Value } ? Value : undefined;
type Parsed<Schema> = Schema extends z.ZodType ? z.output<Schema> : undefined;

interface VariablesOf<N extends OperationName> extends OperatorVariables {
  principal: Line<N>['role'] extends null ? null : Principal;
  ifMatch: Field<N, 'ifMatch'> extends true ? ChangeBase : ChangeBase | null;
  query: Parsed<Field<N, 'query'>>;
  body: Field<N, 'bodyType'> extends string ? string : Parsed<Field<N, 'body'>>;
  room: Line<N>['path'] extends `/rooms/{room}${string}` ? CurrentRoom : undefined;
  changeId: Line<N>['method'] extends 'GET' ? undefined : string;
}

/** One handler for each of the named operations. */
export type Handlers<Names extends OperationName> = {
  [N in Names]: (c: Context<{ Variables: VariablesOf<N> }>) => Response | Promise<Response>;
};
