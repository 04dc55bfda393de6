// One gateway of a simulated night: the gateway's own code for leases, repeated joins and its view of the room, with a clock
// and a way to the store of its own. Joining follows worker/gate/visitor.ts.

import { gatewaysIn, passesAtOnce, type ViewRequest } from '../../queue-core/board.ts';
import type { ClaimReply, Command, JoinReply } from '../../queue-core/command.ts';
import { epochMs } from '../../queue-core/time.ts';
import { Leases } from '../../worker/gate/leases.ts';
import { RecentJoins } from '../../worker/gate/recent-joins.ts';
import type { RoomConfig } from '../../worker/settings.ts';
import { type Replies, type RoomStore, requireRecovered } from '../../worker/store/room-store.ts';
import type { Clock } from '../../worker/store/steady-clock.ts';
import { requireDone } from '../../worker/store/store-result.ts';
import { Observations } from '../../worker/views/observations.ts';
import { NO_DRAWS, type RoomSnapshot, RoomViews } from '../../worker/views/room-views.ts';
import type { NightPort } from './simulated-room.ts';

/** The one room of a night. */
export const ROOM = 'night';
const ROOM_CONFIG = { id: ROOM } as RoomConfig;

/** Numbers by their fate, as the gateway's metrics count them. */
export interface Fates {
  leased: number;
  given: number;
  returned: number;
  void: number;
}

export type JoinOutcome = JoinReply | { kind: 'unreachable' };

export interface JoinRequest {
  /** The client's own name for this join. */
  key: string;
  visitor: string;
  sid: string;
  /** Set when the gateway knows the room and takes a number for it: the how many-th request of this gateway to do so. */
  rank: number;
}

export class SimulatedGateway {
  readonly number: number;
  readonly fates: Fates = { leased: 0, given: 0, returned: 0, void: 0 };
  readonly observations = new Observations();
  /** By its own clock, which is wrong. */
  readonly stopwatch: () => number;
  #ranks = 0;
  readonly #port: NightPort;
  readonly #leases: Leases;
  readonly #views: RoomViews;
  readonly #recentJoins: RecentJoins;

  constructor(number: number, port: NightPort, clock: Clock) {
    this.number = number;
    this.stopwatch = clock.now;
    this.#port = port;
    const store = {
      apply: (_room: string, commands: readonly Command[]) => this.#apply(commands),
      view: async (_room: string, request: ViewRequest) => requireDone(await port.view(request), ROOM).view,
    } as unknown as RoomStore;
    const metrics: ConstructorParameters<typeof Leases>[1] = {
      operation: (_kind, work) => work,
      count: (_name, { fate = '' }, by = 1) => {
        this.fates[fate as keyof Fates] += by;
      },
    };
    this.#leases = new Leases(store, metrics, clock);
    this.#views = new RoomViews(store, async () => {}, NO_DRAWS, this.observations, `gateway-${number}`, clock);
    this.#recentJoins = new RecentJoins(clock);
  }

  /** As every request does it: at most one read a second, and unused entries go back. */
  async read(): Promise<RoomSnapshot | null> {
    const snapshot = await this.#views.read(ROOM_CONFIG, background);
    this.#leases.returnUnused(ROOM, background);
    return snapshot;
  }

  /** A place for the join with this key; repeated here, the same one. @throws StoreUnavailable */
  async join(request: JoinRequest): Promise<JoinOutcome> {
    const { key, visitor, sid } = request;
    const snapshot = await this.read();
    if (snapshot === null || snapshot.unreachable) return { kind: 'unreachable' };
    const { epoch } = snapshot.view.board;
    const before = await this.#recentJoins.find(key, epoch);
    if (before !== null) {
      const { place, commitment, admitted } = before;
      const claim = admitted && place.kind === 'position' ? await this.claim(epoch, place.number, visitor, sid) : null;
      return { kind: 'joined', epoch: before.epoch, place, commitment, claim };
    }
    let isJoined = false;
    try {
      const reply = await this.#newPlace(snapshot, request);
      if (reply.kind !== 'joined') return reply;
      const { place, commitment, claim } = reply;
      this.#recentJoins.remember(key, { epoch: reply.epoch, place, commitment, admitted: claim?.kind === 'admitted' });
      isJoined = true;
      return reply;
    } finally {
      if (!isJoined) this.#recentJoins.forget(key);
    }
  }

  async #newPlace({ view, now }: RoomSnapshot, request: JoinRequest): Promise<JoinReply> {
    request.rank = this.#ranks++;
    const alone = async () => {
      const [reply] = await this.#apply([{ kind: 'join', visitor: request.visitor, sid: request.sid }]);
      return reply;
    };
    const { epoch, opensAt } = view.board;
    const at = { passes: passesAtOnce(view), gateways: gatewaysIn(view), epoch, opensInMs: epochMs(opensAt) - now };
    return this.#leases.join(ROOM, at, alone, background);
  }

  /** @throws StoreUnavailable */
  async claim(epoch: number, position: number, visitor: string, sid: string): Promise<ClaimReply> {
    const [reply] = await this.#apply([{ kind: 'claim', epoch, position, visitor, sid }]);
    return reply;
  }

  /** @throws StoreUnavailable */
  async apply(command: Command): Promise<void> {
    await this.#apply([command]);
  }

  async #apply<const C extends readonly Command[]>(commands: C): Promise<Replies<C>> {
    const { replies } = requireDone(await this.#port.apply(commands), ROOM);
    return requireRecovered(replies) as Replies<C>;
  }
}

/** What fails shows in the request that needs it. */
const background = (work: Promise<unknown>) => void work.catch(() => {});
