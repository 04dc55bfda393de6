// The network between a gateway and the store, or a relay and the room: latency with a tail, calls that fail with an unknown
// outcome, a deadline, and the second attempt that the product's stores make (worker/store/deadline.ts).

import type { ViewRequest } from '../../queue-core/board.ts';
import { STORE_MS_MAX } from '../../worker/store/deadline.ts';
import { BATCHES_PER_REQUEST_MAX } from '../../worker/store/durable-objects/batched-room.ts';
import { GroupCommit, type Pace } from '../../worker/store/group-commit.ts';
import { StoreUnavailable } from '../../worker/store/room-store.ts';
import type { SeededRandom } from '../rehearsal/seeded-random.ts';
import { logNormal } from './chance.ts';
import type { Batch, NightPort, Outcome, SimulatedRoom } from './simulated-room.ts';
import type { VirtualTime } from './virtual-time.ts';

/** Deviation of the logarithm of the latency: one call in a hundred takes four times the median. */
const LATENCY_SPREAD = 0.6;

export interface LinkOptions {
  time: VirtualTime;
  random: SeededRandom;
  /** One way, median. */
  latencyMs: number;
  /** Share of calls that are lost: half of them before they are applied, half of them afterwards. */
  lossShare: number;
  /** Attempts share the operation's time. */
  attempts: 1 | 2;
}

interface Call {
  deadline: number;
  isOver: boolean;
  reject: (error: StoreUnavailable) => void;
}

export class StoreLink {
  readonly #options: LinkOptions;
  /** Calls by deadline, which is the order in which they began. */
  #calls: Call[] = [];
  #isWatching = false;

  constructor(options: LinkOptions) {
    this.#options = options;
  }

  /** @throws StoreUnavailable where no answer came in time */
  async call<T>(perform: () => Promise<T>): Promise<T> {
    try {
      return await this.#attempt(perform);
    } catch (error) {
      if (this.#options.attempts === 1 || !(error instanceof StoreUnavailable)) throw error;
      return this.#attempt(perform);
    }
  }

  #attempt<T>(perform: () => Promise<T>): Promise<T> {
    const { time, random, lossShare, attempts } = this.#options;
    const isLost = lossShare > 0 && random.next() < lossShare;
    const isLostOnTheWay = isLost && random.next() < 0.5;
    return new Promise<T>((resolve, reject) => {
      const call: Call = { deadline: time.now + STORE_MS_MAX / attempts, isOver: false, reject };
      this.#calls.push(call);
      if (!this.#isWatching) this.#watch();
      const back = (settle: () => void) => {
        if (isLost) return;
        time.call(time.now + this.#latency(), () => {
          if (call.isOver) return;
          call.isOver = true;
          settle();
        });
      };
      if (isLostOnTheWay) return;
      time.call(time.now + this.#latency(), () => {
        perform().then(
          (result) => back(() => resolve(result)),
          (error: StoreUnavailable) => back(() => reject(error)),
        );
      });
    });
  }

  #latency(): number {
    return logNormal(this.#options.random, this.#options.latencyMs, LATENCY_SPREAD);
  }

  #watch(): void {
    // Most calls are over long before: then the first one that is not says when to look again.
    const first = this.#calls.findIndex(({ isOver }) => !isOver);
    this.#calls = first === -1 ? [] : this.#calls.slice(first);
    const [next] = this.#calls;
    this.#isWatching = next !== undefined;
    if (next === undefined) return;
    const { time } = this.#options;
    time.call(next.deadline, () => {
      for (const call of this.#calls) {
        if (call.deadline > time.now) break;
        if (call.isOver) continue;
        call.isOver = true;
        call.reject(new StoreUnavailable(`The simulated store did not answer within ${STORE_MS_MAX} ms`));
      }
      this.#watch();
    });
  }
}

/** A port as a gateway calls it over a link. What it throws is for the gateway's store to handle. */
export function over(link: StoreLink, port: NightPort): NightPort {
  return {
    apply: (commands) => link.call(() => port.apply(commands)),
    view: (request) => link.call(() => port.view(request)),
  };
}

/** The room as a relay calls it: batches that come while a request is under way go into the next one together. */
export function batchedOver(link: StoreLink, room: Pick<SimulatedRoom, 'applyAll' | 'view'>, pace: Pace): NightPort {
  const batches = new GroupCommit<Batch, Outcome>(
    (group) => link.call(() => room.applyAll(group)).catch(() => group.map(() => UNAVAILABLE)),
    BATCHES_PER_REQUEST_MAX,
    pace,
  );
  return {
    apply: (commands) => batches.add(commands),
    view: (request: ViewRequest) => link.call(() => room.view(request)).catch(() => UNAVAILABLE),
  };
}

const UNAVAILABLE = { kind: 'unavailable', message: 'The simulated room did not answer' } as const;
