// The site behind the gate, as a curve: responses slow down as people fill it, and beyond its capacity a growing share of them
// are errors. Deterministic but for the share of errors.

import type { SeededRandom } from '../rehearsal/seeded-random.ts';
import type { OriginFault } from './scenario.ts';

/** Without load. */
const BASE_MS = 80;
/** People above its comfort, as a share of it, from which every response is an error. */
const COLLAPSE = 0.5;
/** Up to this share above its comfort the site is slow but answers. */
const ERRORS_FROM = 0.25;

export class OriginModel {
  inside = 0;
  mostInside = 0;
  answers = 0;
  errors = 0;
  #fault: OriginFault = { atMs: 0, kind: 'well' };
  readonly #people: number;
  readonly #random: SeededRandom;

  /** @param people inside at which the site becomes slow */
  constructor(people: number, random: SeededRandom) {
    this.#people = people;
    this.#random = random;
  }

  /** @param fault how it is from now on */
  becomes(fault: OriginFault): void {
    this.#fault = fault;
  }

  enter(): void {
    this.inside++;
    this.mostInside = Math.max(this.mostInside, this.inside);
  }

  leave(): void {
    this.inside--;
  }

  /** Ms until it responds to a request now. */
  get latencyMs(): number {
    // As a queue with one server, cut off where it would be endless.
    const slower = this.#fault.kind === 'slow' ? this.#fault.times : 1;
    return (slower * BASE_MS) / Math.max(0.02, 1 - 0.8 * (this.inside / this.#people));
  }

  /** @param nowMs since the beginning of the night @returns what comes of a request; null: nothing */
  request(nowMs: number): 'good' | 'error' | null {
    const { kind } = this.#fault;
    if (kind === 'hang') return null;
    this.answers++;
    if (kind === 'errors' || (kind === 'flap' && this.#isDown(nowMs))) {
      this.errors++;
      return 'error';
    }
    const over = (this.inside / this.#people - 1 - ERRORS_FROM) / (COLLAPSE - ERRORS_FROM);
    const isError = over > 0 && this.#random.next() < over;
    if (isError) this.errors++;
    return isError ? 'error' : 'good';
  }

  #isDown(nowMs: number): boolean {
    const { atMs } = this.#fault;
    const turnMs = (this.#fault.kind === 'flap' ? this.#fault.seconds : 1) * 1_000;
    return Math.floor((nowMs - atMs) / turnMs) % 2 === 0;
  }
}
