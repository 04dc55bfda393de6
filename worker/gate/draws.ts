// Makes the draw of a room that waits for it. Any gateway may: the room takes the first that fits, and the same again changes nothing.
// A secret alone is brought by the read that finds the room drawing; a beacon is fetched and verified in the background, never on a
// visitor's request, and not before its round is due.

import type { RoomView } from '../../queue-core/board.ts';
import { type Beacon, roundAfter } from '../../queue-core/draw.ts';
import { mayGoWithout } from '../../queue-core/opening.ts';
import type { BeaconChoice } from '../../queue-core/policy.ts';
import type { EpochMs } from '../../queue-core/time.ts';
import { type BeaconChain, roundTime } from '../beacon/chain.ts';
import type { BeaconAnswer } from '../beacon/fetch-beacon.ts';
import type { Background } from '../http/request-env.ts';
import type { RoomStore } from '../store/room-store.ts';
import type { DrawSeals } from '../tokens/draw-seals.ts';

/** Between two attempts; each begins up to as much later, so that many gateways do not ask in the same moment. */
const RETRY_MS = 1_000;

export interface DrawParts {
  store: RoomStore;
  seals: DrawSeals;
  /** The chain whose relays this deployment asks. */
  chain: BeaconChain;
  /** Asks relays for a round and verifies what they answer. */
  beacon: (chain: BeaconChain, round: number) => Promise<BeaconAnswer>;
  /** From 0 to 1. */
  random: () => number;
}

interface Attempts {
  epoch: number;
  /** When the next one may begin, by the store's clock. */
  from: EpochMs;
}

export class Draws {
  readonly #parts: DrawParts;
  readonly #attempts = new Map<string, Attempts>();
  /** What was logged of each room last; the same is not logged again. */
  readonly #logged = new Map<string, string>();

  constructor(parts: DrawParts) {
    this.#parts = parts;
  }

  /** Draws where no beacon is awaited. @returns whether the room should be read again */
  async drawNow(room: string, view: RoomView): Promise<boolean> {
    if (view.board.state !== 'drawing') return false;
    const { choice, opensAt } = view.draw;
    if (choice !== null && !mayGoWithout(choice, opensAt, view.at)) return false;
    return this.#draw(room, view, null);
  }

  /** Fetches the beacon of a room that waits for one, if it is time to. */
  attend(room: string, view: RoomView, now: EpochMs, background: Background): void {
    const { choice, opensAt } = view.draw;
    if (view.board.state !== 'drawing' || choice === null) return;
    const round = roundAfter(choice.chain, opensAt);
    const attempts = this.#attemptsOf(room, view, roundTime(choice.chain, round));
    if (now < attempts.from) return;
    attempts.from = now + RETRY_MS * (1 + this.#parts.random());
    background(this.#drawWithBeacon(room, view, choice, round));
  }

  #attemptsOf(room: string, { board: { epoch } }: RoomView, dueAt: EpochMs): Attempts {
    const known = this.#attempts.get(room);
    if (known?.epoch === epoch) return known;
    const attempts = { epoch, from: dueAt + RETRY_MS * this.#parts.random() };
    this.#attempts.set(room, attempts);
    return attempts;
  }

  async #drawWithBeacon(room: string, view: RoomView, { chain }: BeaconChoice, round: number): Promise<void> {
    try {
      if (chain.hash !== this.#parts.chain.hash) {
        this.#log(
          room,
          `waits for a round of the chain ${chain.hash}, and BEACON_CHAIN is another one. Set it to that chain.`,
        );
        return;
      }
      const answer = await this.#parts.beacon(this.#parts.chain, round);
      if (answer.kind === 'beacon') await this.#draw(room, view, answer.beacon);
      else if (answer.kind === 'failed') {
        const faults = answer.faults.map(({ relay, reason }) => `${relay} ${reason}`).join('; ');
        this.#log(room, `gets no beacon of round ${round}; trying on. ${faults}`);
      }
    } catch (error) {
      this.#log(room, `could not draw: ${error instanceof Error ? error.message : error}`);
    }
  }

  async #draw(room: string, { board: { epoch }, draw: { sealed } }: RoomView, beacon: Beacon | null): Promise<boolean> {
    // A secret in the open needs no gateway.
    if (sealed === null) return false;
    const secret = this.#parts.seals.open(sealed);
    if (secret === null) {
      const [kid] = sealed.split('.');
      this.#log(
        room,
        `waits for its draw, whose secret the key ${kid} sealed, and that is not in SIGNING_KEYS. Add it again.`,
      );
      return false;
    }
    await this.#parts.store.apply(room, [{ kind: 'draw', epoch, secret, beacon }]);
    return true;
  }

  #log(room: string, text: string): void {
    if (this.#logged.get(room) === text) return;
    this.#logged.set(room, text);
    console.error(`Room "${room}" ${text}`);
  }
}
