// Makes the draw of a room that waits for it. Any gateway may: the room takes the first that fits, and the same again changes nothing.
// A secret alone is brought by the read that finds the room drawing; a beacon is fetched and verified in the background, never on a
// visitor's request, and not before its round is due.

import type { RoomView } from '../../queue-core/board.ts';
import { type Beacon, roundAfter, roundTime } from '../../queue-core/draw.ts';
import { mayGoWithout } from '../../queue-core/opening.ts';
import type { BeaconChoice } from '../../queue-core/policy.ts';
import type { EpochMs } from '../../queue-core/time.ts';
import type { BeaconChain } from '../beacon/chain.ts';
import type { BeaconAnswer, RelayFault } from '../beacon/fetch-beacon.ts';
import type { Background } from '../http/request-env.ts';
import type { RoomStore } from '../store/room-store.ts';
import type { DrawSeals } from '../tokens/draw-seals.ts';
import { sealingKey } from '../tokens/sealing-keys.ts';

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

/** What this gateway has tried for one opening. */
interface Attempts {
  epoch: number;
  /** When relays may be asked next, by the store's clock; null: they were not asked yet. */
  from: EpochMs | null;
  /** What the relays did wrong at the last attempt. */
  faults: readonly RelayFault[];
  /** What was logged last; the same is not logged again. */
  logged: string;
}

export class Draws {
  readonly #parts: DrawParts;
  readonly #attempts = new Map<string, Attempts>();

  constructor(parts: DrawParts) {
    this.#parts = parts;
  }

  /** Draws where no beacon is awaited. Never rejects: the next read tries again. @returns whether the room should be read again */
  async drawNow(room: string, view: RoomView): Promise<boolean> {
    if (view.board.state !== 'drawing') return false;
    const { choice, opensAt } = view.draw;
    if (choice !== null && !mayGoWithout(choice, opensAt, view.at)) return false;
    try {
      return await this.#draw(room, view, null);
    } catch (error) {
      this.#logFailure(room, view, error);
      return false;
    }
  }

  /** What the relays did wrong when this gateway last asked them for the round of the present opening. */
  relayFaults(room: string, { board: { epoch } }: RoomView): readonly RelayFault[] {
    const attempts = this.#attempts.get(room);
    return attempts?.epoch === epoch ? attempts.faults : [];
  }

  /** Fetches the beacon of a room that waits for one, if it is time to. */
  attend(room: string, view: RoomView, now: EpochMs, background: Background): void {
    const { choice, opensAt } = view.draw;
    if (view.board.state !== 'drawing' || choice === null) return;
    const round = roundAfter(choice.chain, opensAt);
    const attempts = this.#attemptsOf(room, view);
    attempts.from ??= roundTime(choice.chain, round) + RETRY_MS * this.#parts.random();
    if (now < attempts.from) return;
    attempts.from = now + RETRY_MS * (1 + this.#parts.random());
    background(this.#drawWithBeacon(room, view, choice, round));
  }

  #attemptsOf(room: string, { board: { epoch } }: RoomView): Attempts {
    const known = this.#attempts.get(room);
    if (known?.epoch === epoch) return known;
    const attempts = { epoch, from: null, faults: [], logged: '' };
    this.#attempts.set(room, attempts);
    return attempts;
  }

  async #drawWithBeacon(room: string, view: RoomView, { chain }: BeaconChoice, round: number): Promise<void> {
    try {
      if (chain.hash !== this.#parts.chain.hash) {
        this.#log(
          room,
          view,
          `waits for a round of the chain ${chain.hash}, and BEACON_CHAIN is another one. Set it to that chain.`,
        );
        return;
      }
      const answer = await this.#parts.beacon(this.#parts.chain, round);
      this.#attemptsOf(room, view).faults = answer.faults;
      if (answer.kind === 'beacon') await this.#draw(room, view, answer.beacon);
      else if (answer.kind === 'failed') {
        const faults = answer.faults.map(({ relay, reason }) => `${relay} ${reason}`).join('; ');
        this.#log(room, view, `gets no beacon of round ${round}; trying on. ${faults}`);
      }
    } catch (error) {
      this.#logFailure(room, view, error);
    }
  }

  async #draw(room: string, view: RoomView, beacon: Beacon | null): Promise<boolean> {
    const { epoch } = view.board;
    const { sealed } = view.draw;
    // A secret in the open needs no gateway.
    if (sealed === null) return false;
    const secret = this.#parts.seals.open(sealed);
    if (secret === null) {
      this.#log(
        room,
        view,
        `waits for its draw, whose secret the key ${sealingKey(sealed)} sealed, and that is not in SIGNING_KEYS. Add it again.`,
      );
      return false;
    }
    await this.#parts.store.apply(room, [{ kind: 'draw', epoch, secret, beacon }]);
    return true;
  }

  #logFailure(room: string, view: RoomView, error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error);
    // Messages may have figures that change with each attempt.
    this.#log(room, view, `could not draw; trying on with the next reads: ${reason}`, 'failure');
  }

  /** @param topic where the text may change while what it says does not */
  #log(room: string, view: RoomView, text: string, topic = text): void {
    const attempts = this.#attemptsOf(room, view);
    if (attempts.logged === topic) return;
    attempts.logged = topic;
    console.error(`Room "${room}" ${text}`);
  }
}
