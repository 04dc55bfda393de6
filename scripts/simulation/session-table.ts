// Session records of millions of positions, in columns: what the store of a simulated night keeps of each claim.

import type { EndReason, SessionRecord } from '../../queue-core/document/session-record.ts';
import type { Effect, Sessions } from '../../queue-core/machine.ts';

const REASONS: EndReason[] = ['completed', 'left', 'revoked'];

/** Names of visitors and sessions are a letter and a number here. */
export const visitorName = (visitor: number) => `v${visitor}`;
export const sessionName = (session: number) => `s${session}`;
const numberIn = (name: string) => Number(name.slice(1));

/** Nothing calls for the site in a simulated night. */
const NO_CALLS = { readmitted: false, codeUsedAt: null, calls: [] };

export class SessionTable implements Sessions {
  #length = 1_024;
  /** Visitor and session plus one; 0: nobody. */
  #visitor = new Int32Array(this.#length);
  #session = new Float64Array(this.#length);
  #epoch = new Float64Array(this.#length);
  #generation = new Int32Array(this.#length);
  #admitAt = new Float64Array(this.#length);
  #expiresAt = new Float64Array(this.#length);
  /** NaN: null. */
  #presentBy = new Float64Array(this.#length);
  #countsUntil = new Float64Array(this.#length);
  /** Index in `REASONS` plus one; 0: not ended. */
  #endReason = new Uint8Array(this.#length);
  #endedAt = new Float64Array(this.#length);

  get(position: number): SessionRecord | undefined {
    const visitor = this.#visitor[position] ?? 0;
    if (visitor === 0) return undefined;
    const reason = REASONS[(this.#endReason[position] ?? 0) - 1];
    const presentBy = this.#presentBy[position] as number;
    return {
      epoch: this.#epoch[position] as number,
      generation: this.#generation[position] as number,
      visitor: visitorName(visitor - 1),
      sid: sessionName((this.#session[position] as number) - 1),
      admitAt: this.#admitAt[position] as number,
      expiresAt: this.#expiresAt[position] as number,
      presentBy: Number.isNaN(presentBy) ? null : presentBy,
      countsUntil: this.#countsUntil[position] as number,
      ended: reason === undefined ? null : { reason, at: this.#endedAt[position] as number, reference: null },
      ...NO_CALLS,
    };
  }

  /** Stores what a step wrote about sessions; the other tables have no reader in a simulated night. */
  apply(effect: Effect): void {
    if (effect.table !== 'session') return;
    if (effect.kind !== 'put')
      throw new Error(`A simulated night has one epoch; the room wants to ${effect.kind} sessions.`);
    const { key, row } = effect;
    while (key >= this.#length) this.#grow();
    this.#visitor[key] = numberIn(row.visitor) + 1;
    this.#session[key] = numberIn(row.sid) + 1;
    this.#epoch[key] = row.epoch;
    this.#generation[key] = row.generation;
    this.#admitAt[key] = row.admitAt;
    this.#expiresAt[key] = row.expiresAt;
    this.#presentBy[key] = row.presentBy ?? Number.NaN;
    this.#countsUntil[key] = row.countsUntil;
    this.#endReason[key] = row.ended === null ? 0 : REASONS.indexOf(row.ended.reason) + 1;
    this.#endedAt[key] = row.ended?.at ?? 0;
  }

  #grow(): void {
    this.#length *= 2;
    const length = this.#length;
    this.#visitor = grown(this.#visitor, new Int32Array(length));
    this.#session = grown(this.#session, new Float64Array(length));
    this.#epoch = grown(this.#epoch, new Float64Array(length));
    this.#generation = grown(this.#generation, new Int32Array(length));
    this.#admitAt = grown(this.#admitAt, new Float64Array(length));
    this.#expiresAt = grown(this.#expiresAt, new Float64Array(length));
    this.#presentBy = grown(this.#presentBy, new Float64Array(length));
    this.#countsUntil = grown(this.#countsUntil, new Float64Array(length));
    this.#endReason = grown(this.#endReason, new Uint8Array(length));
    this.#endedAt = grown(this.#endedAt, new Float64Array(length));
  }
}

function grown<T extends Int32Array | Float64Array | Uint8Array>(from: T, to: T): T {
  to.set(from);
  return to;
}
