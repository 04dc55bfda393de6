// The rooms that the tried addresses are about, the handlers behind them, and what the gate makes of an address: its own code
// says whether the request is left open, and which bytes the site then gets.

import { isExempt } from '../../worker/gate/exempt.ts';
import { isReserved, readTarget, routeTo } from '../../worker/http/request-target.ts';
import { type RoomConfig, type RoomInput, readSettings } from '../../worker/settings.ts';
import { newSigningKey } from '../../worker/tokens/signing-keys.ts';
import { OPERATOR_KEY } from '../running-gateway.ts';
import type { HandlerName } from './site-handlers.ts';

export interface RoomCase {
  name: string;
  rooms: Pick<RoomInput, 'paths' | 'exempt' | 'outside'>[];
  /** The number of the room that has admitted the visitor; null: none. */
  admittedTo: number | null;
  protects: (name: HandlerName, method: string) => boolean;
  /** Paths of which the addresses are near misses. */
  near: string[];
}

const only =
  (...names: HandlerName[]) =>
  (name: HandlerName) =>
    names.includes(name);

const room = (...paths: string[]) => ({ paths, outside: 'pass' as const });

export const ROOM_CASES: readonly RoomCase[] = [
  { name: '/book', rooms: [room('/book')], admittedTo: null, protects: only('book'), near: ['/book'] },
  { name: '/예약', rooms: [room('/예약')], admittedTo: null, protects: only('reserve'), near: ['/예약'] },
  { name: '/a/b', rooms: [room('/a/b')], admittedTo: null, protects: only('nested'), near: ['/a/b'] },
  { name: '/Shop', rooms: [room('/Shop')], admittedTo: null, protects: only('shop'), near: ['/Shop'] },
  { name: '/apply.php', rooms: [room('/apply.php')], admittedTo: null, protects: only('script'), near: ['/apply.php'] },
  {
    name: '/ with exemptions',
    rooms: [
      {
        ...room('/'),
        exempt: ['/static', { path: '/webhook', match: 'exact', methods: ['POST'] }] as RoomInput['exempt'],
      },
    ],
    admittedTo: null,
    protects: (name, method) => !(name === 'static' && method === 'GET') && !(name === 'webhook' && method === 'POST'),
    near: ['/static', '/static', '/static/x', '/webhook'],
  },
  {
    name: '/book, /a/b and /예약, admitted to /a/b',
    rooms: [room('/book'), room('/a/b'), room('/예약')],
    admittedTo: 1,
    protects: only('book', 'reserve'),
    near: ['/book', '/예약', '/a/b', '/a/b/x'],
  },
];

export interface TriedAddress {
  method: string;
  /** The raw request target, one character for each byte. */
  target: string;
}

export const caseHost = (index: number): string => `case-${index}.test`;

/** As settings have them. */
export function roomInputs(roomCase: RoomCase, host: string, origin: string): RoomInput[] {
  return roomCase.rooms.map((each, index) => ({
    id: `${host.replaceAll('.', '-')}-${index}`,
    title: { ko: '예약', en: 'Booking' },
    hosts: [host],
    origin,
    schedule: { opensAt: '+0s' },
    policy: { newUsersPerMinute: 60_000, totalActiveUsers: 1_000, sessionMinutes: 30 },
    ...each,
  }));
}

const keys = JSON.stringify({ keys: [await newSigningKey(0)] });

const configured: readonly RoomConfig[][] = ROOM_CASES.map(
  (roomCase, index) =>
    readSettings({
      ROOMS: JSON.stringify(roomInputs(roomCase, caseHost(index), 'http://origin.test')),
      SIGNING_KEYS: keys,
      PUBLIC_URL: 'http://127.0.0.1:8787',
      OPERATOR_KEY,
    }).rooms,
);

/**
 * The request target that the site gets without an admission of the case's protected rooms; null where the gate is closed. Only
 * for targets in origin form: how the runtime reads others is tried with the running gateway.
 */
export function leftOpen(index: number, { method, target }: TriedAddress): string | null {
  const [roomCase, rooms] = [ROOM_CASES[index], configured[index]];
  if (roomCase === undefined || rooms === undefined) throw new RangeError(`There is no case ${index}.`);
  const host = caseHost(index);
  const result = readTarget(`http://${host}${target}`, host);
  if (result.kind === 'doubtful' || isReserved(result.target.read)) return null;
  const routed = routeTo(rooms, result.target);
  if (routed.kind === 'nowhere') return null;
  const touched = routed.kind === 'outside' ? [] : [routed.room, ...routed.others];
  const admitting = roomCase.admittedTo === null ? undefined : rooms[roomCase.admittedTo];
  if (!touched.every((each) => each === admitting || isExempt(each, method, result.target))) return null;
  // The runtime's fetch serialises the address as the URL standard does, and keeps an empty query.
  const { path, query } = result.target;
  const { pathname, search } = new URL(`http://origin.test${path}${query}`);
  return `${pathname}${query === '?' ? query : search}`;
}
