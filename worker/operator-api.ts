// What operators ask of the gateway, with their key. An operator's own way past the line is a short signed token for one
// room, logged when it is given; there is no address, flag or test window that opens a room.

import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import { Hono } from 'hono';
import type { DirectoryView } from '../queue-core/directory.ts';
import { json } from './answers.ts';
import type { Gateway } from './gateway.ts';
import { problemResponse } from './problems.ts';
import type { RequestEnv } from './visitor-api.ts';

/** Long enough to look at one page of the site, too short to hand on. */
const PASS_MS = 10 * 60_000;

/** An operator's position: nobody's place in line. */
const NOBODYS_POSITION = 0;

export function operatorApi(gateway: Gateway): Hono<RequestEnv> {
  const api = new Hono<RequestEnv>();

  api.use(async (c, next) => {
    const key = /^Bearer (.+)$/.exec(c.req.header('Authorization') ?? '')?.[1];
    const view = await gateway.directory.forOperators(c.var.background);
    if (view === null) return problemResponse('store-unreachable', { 'Retry-After': '5' });
    if (key === undefined || !isKey(key, view)) {
      return problemResponse('operator-key', { 'WWW-Authenticate': 'Bearer realm="fairgate operators"' });
    }
    return next();
  });

  api.post('/rooms/:room/pass', async (c) => {
    const rooms = await gateway.directory.rooms(c.var.background);
    const room = rooms.find(({ id }) => id === c.req.param('room'));
    if (room === undefined) return problemResponse('not-found');
    const seen = await gateway.views.read(room, c.var.background);
    if (seen === null) return problemResponse('store-unreachable', { 'Retry-After': '5' });
    const [visitor, sid] = [gateway.randomId(16), gateway.randomId(12)];
    const { now, view } = seen;
    const session = { issuedAt: now, admitAt: now, expiresAt: now + PASS_MS };
    const token = { room: room.id, visitor, epoch: view.board.epoch, position: NOBODYS_POSITION, sid, ...session };
    const admissionToken = await gateway.tokens.issueAdmission(token, room.audience);
    const expiresAt = new Date(session.expiresAt).toISOString();
    console.log(JSON.stringify({ event: 'operatorPass', room: room.id, sid, expiresAt }));
    gateway.metrics.count('fairgate_requests_total', { decision: 'operatorPass', reason: 'given' });
    return json({ admissionToken, expiresAt });
  });

  api.all('*', () => problemResponse('not-found'));
  return api;
}

/** Compares digests: how far they agree tells nobody anything about the key. */
function isKey(given: string, { keys }: DirectoryView): boolean {
  const digest = bytesToHex(sha256(utf8ToBytes(given)));
  return keys.some((key) => key.digest === digest);
}
