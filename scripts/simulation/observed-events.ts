// What can be observed of a simulated night from outside of the queue: who asked where, what was answered, when the origin was
// reached. Columns of numbers instead of objects, in chunks that readers take one after the other: a night has tens of
// millions of events. Times are ms since the beginning of the run.

/** Each kind with what its fields `a`, `b`, `c` and `d` are. */
export const EVENT = {
  /** The room is configured. a: opening; b: admissions a minute; c: sessions at once. */
  configured: 0,
  /** A request to join reached a gateway. */
  arrived: 1,
  /**
   * A gateway gave a place. a: number; b: 0 for an entry, 1 for a position; c: when the request came; d: the how many-th of
   * this gateway it was for which a number was taken.
   */
  given: 2,
  /** A visitor received the place. a: number; b: 0 for an entry, 1 for a position. */
  answered: 3,
  /** A gateway received a lease. a: first number; b: count; c: 0 for entries, 1 for positions. */
  leased: 4,
  /** A gateway sent entries back. a: first number; b: last number. */
  returned: 5,
  /** The limits changed in the room. a: admissions a minute; b: sessions at once. */
  limits: 6,
  /** The room called. a: highest position called. */
  called: 7,
  /** The draw, as published. a: entries. Its texts are in `Night.draw`. */
  drawn: 8,
  /** A visitor was told their position by a status. a: position; b: people ahead; c, d: range of the wait in seconds, or NaN. */
  told: 9,
  /** A visitor was admitted. a: position; b: slot; c: end; d: when the first claim was sent. */
  admitted: 10,
  /** A claim was refused. a: position; b: index in `REFUSED`. */
  refused: 11,
  /** A visitor reached the origin. */
  entered: 12,
  /** A visitor left the origin, or the session ran out. */
  left: 13,
  /** At the end. a, b, c, d: numbers that the gateways counted as leased, given, returned, void. */
  fates: 14,
  /**
   * At the end. a: entries, b: positions that the room has given or leased; c: numbers of single joins; d: visitors who came
   * and were not served.
   */
  issued: 15,
} as const;

/** Why a claim brought no session. */
export const REFUSED = [
  'lapsed',
  'ended',
  'unknownPosition',
  'foreignPosition',
  'wrongEpoch',
  'missedTheDraw',
  /** The gateway showed it as called; the room says that it is not. */
  'notCalled',
  'other',
] as const;

export type Refused = (typeof REFUSED)[number];

export const NOBODY = -1;
export const NO_GATEWAY = 0xffff;

export interface Chunk {
  length: number;
  at: Float64Array;
  kind: Uint8Array;
  visitor: Int32Array;
  gateway: Uint16Array;
  a: Float64Array;
  b: Float64Array;
  c: Float64Array;
  d: Float64Array;
}

/** Takes a chunk that has events in the order in which they were observed. It is filled again afterwards. */
export type Reader = (chunk: Chunk) => void;

const CHUNK_EVENTS = 16_384;

export class ObservedEvents {
  readonly #readers: readonly Reader[];
  readonly #chunk: Chunk = {
    length: 0,
    at: new Float64Array(CHUNK_EVENTS),
    kind: new Uint8Array(CHUNK_EVENTS),
    visitor: new Int32Array(CHUNK_EVENTS),
    gateway: new Uint16Array(CHUNK_EVENTS),
    a: new Float64Array(CHUNK_EVENTS),
    b: new Float64Array(CHUNK_EVENTS),
    c: new Float64Array(CHUNK_EVENTS),
    d: new Float64Array(CHUNK_EVENTS),
  };

  constructor(readers: readonly Reader[]) {
    this.#readers = readers;
  }

  add(kind: keyof typeof EVENT, at: number, visitor: number, gateway: number, a = 0, b = 0, c = 0, d = 0): void {
    const chunk = this.#chunk;
    const index = chunk.length++;
    chunk.at[index] = at;
    chunk.kind[index] = EVENT[kind];
    chunk.visitor[index] = visitor;
    chunk.gateway[index] = gateway;
    chunk.a[index] = a;
    chunk.b[index] = b;
    chunk.c[index] = c;
    chunk.d[index] = d;
    if (chunk.length === CHUNK_EVENTS) this.flush();
  }

  /** Hands over what was added since the last chunk. */
  flush(): void {
    if (this.#chunk.length === 0) return;
    for (const read of this.#readers) read(this.#chunk);
    this.#chunk.length = 0;
  }
}
