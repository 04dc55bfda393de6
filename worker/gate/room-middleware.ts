// What the handlers of a room's addresses need before they start: the room, the check that no other site sent the request,
// and the visitor. Each is found in `c.var` afterwards.

import type { MiddlewareHandler } from 'hono';
import type { Gateway } from '../gateway.ts';
import { isOfOtherSite, withCors } from '../http/cors.ts';
import { problemResponse } from '../http/problems.ts';
import type { Background, RequestEnv } from '../http/request-env.ts';
import { servesHost } from '../http/request-target.ts';
import { refuse } from '../http/responses.ts';
import type { RoomConfig } from '../settings.ts';
import { nextAddresses } from './next-addresses.ts';
import { Visitor, type VisitorParts } from './visitor.ts';

export interface RoomEnv {
  Variables: RequestEnv['Variables'] & { room: RoomConfig };
}

export interface VisitorEnv {
  Variables: RoomEnv['Variables'] & { visitor: Visitor };
}

/** Finds the room by the path parameter `room`. A room has addresses on its own hosts only. */
export function findRoom({ directory }: Pick<Gateway, 'directory'>): MiddlewareHandler<RoomEnv> {
  return roomAmong((background) => directory.rooms(background));
}

/** As `findRoom`, also of archived rooms: for what stays published. */
export function findRoomOnRecord({ directory }: Pick<Gateway, 'directory'>): MiddlewareHandler<RoomEnv> {
  return roomAmong(async (background) => [
    ...(await directory.rooms(background)),
    ...(await directory.archivedRooms(background)),
  ]);
}

function roomAmong(list: (background: Background) => Promise<readonly RoomConfig[]>): MiddlewareHandler<RoomEnv> {
  return async (c, next) => {
    const rooms = await list(c.var.background);
    const room = rooms.find(({ id }) => id === c.req.param('room'));
    if (room === undefined || !servesHost(room, c.req.raw)) return problemResponse('not-found');
    c.set('room', room);
    return next();
  };
}

/** Lets pages of the room's listed origins read every answer, and names in each where the client goes next. */
export const describeAnswer: MiddlewareHandler<RoomEnv & { Variables: Partial<VisitorEnv['Variables']> }> = async (
  c,
  next,
) => {
  await next();
  const { room, visitor } = c.var;
  const { headers } = c.res;
  if (!headers.has('Link')) {
    const state = visitor === undefined ? 'none' : (visitor.status?.state ?? null);
    headers.set('Link', nextAddresses(room.id, state));
  }
  withCors(c.res, c.req.raw, room);
};

/** Refuses state changes that another site's page sends; this site's own pages, listed origins and apps may make them. */
export function requireSameSite({ observations }: Pick<Gateway, 'observations'>): MiddlewareHandler<RoomEnv> {
  return async (c, next) => {
    if (!isOfOtherSite(c.req.raw, c.var.room)) return next();
    observations.refused(c.var.room.id, 'crossSite');
    return refuse(c, 'cross-site-request');
  };
}

/** Loads the visitor. An app that presents an invalid token is told so; a browser with an invalid cookie is new. */
export function loadVisitor(gateway: VisitorParts & Pick<Gateway, 'observations'>): MiddlewareHandler<VisitorEnv> {
  return async (c, next) => {
    const { room, background } = c.var;
    const visitor = await Visitor.load(gateway, room, c.req.raw.headers, background);
    if (visitor.presented.bearer && visitor.isStranger && (await visitor.receipt()) === null) {
      gateway.observations.refused(room.id, 'badToken');
      return problemResponse('bad-token', { 'WWW-Authenticate': 'Bearer' });
    }
    c.set('visitor', visitor);
    return next();
  };
}
