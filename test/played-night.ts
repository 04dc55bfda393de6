// A whole night for tests of reports: people before the opening and after it, no-shows, a slow and a failing site, an operator who changes
// limits, and what is left. The room hears what a gateway would tell it, minute by minute.

import type { Observed } from '../queue-core/document/history-state.ts';
import { type InProcessGateway, NOON } from './gateway/in-process.ts';
import { ask, onCurrentVersion, startGateway, withKey } from './operators/operator-client.ts';

export const NIGHT_OPENS_AT = NOON + 30 * 60_000;

/** What one second of this part of the night is like. */
interface Second {
  joins: number;
  /** Of eight answers of the site. */
  errors: number;
  slow: number;
}

/** How many minutes before and after the opening are played. */
export interface NightLength {
  before: number;
  after: number;
}

export async function playedNight(
  { before, after }: NightLength = { before: 10, after: 40 },
): Promise<InProcessGateway> {
  const schedule = { opensAt: new Date(NIGHT_OPENS_AT).toISOString() };
  const gateway = await startGateway({
    room: { schedule, title: { ko: '가을 예방접종 예약', en: 'Autumn vaccination' }, timeZone: 'Asia/Seoul' },
  });
  const { document } = await ask(gateway, 'addKey', { body: { name: '박지영', role: 'owner' }, headers: withKey() });
  const { key } = document as { key: string };
  const act = async (name: 'setPolicy' | 'setMessage' | 'pause' | 'resume' | 'close', body?: unknown) => {
    const { 'If-Match': version = '' } = await onCurrentVersion(gateway);
    const response = await ask(gateway, name, {
      ...(body === undefined ? {} : { body }),
      headers: { ...withKey(key), 'If-Match': version },
    });
    if (response.status >= 300) throw new Error(response.text);
  };
  const night = new Night(gateway);
  await act('setPolicy', { newUsersPerMinute: 120, totalActiveUsers: 300, sessionMinutes: 4 });
  gateway.clock.advance(NIGHT_OPENS_AT - before * 60_000 - gateway.clock.now());
  for (let second = 0; second < before * 60; second++) await night.second({ joins: second % 2, errors: 0, slow: 0 });
  for (let second = 0; second < after * 60; second++) {
    const minute = second / 60;
    if (minute === 5)
      await act('setMessage', { text: { ko: '차례대로 입장합니다.', en: 'Please wait for your turn.' } });
    if (minute === 12) await act('setPolicy', { newUsersPerMinute: 60, totalActiveUsers: 150, sessionMinutes: 4 });
    if (minute === 20) await act('pause');
    if (minute === 23) await act('resume');
    const joins = minute < 6 ? 5 : minute < 15 ? 2 : second % 3 === 0 ? 1 : 0;
    await night.second({
      joins,
      errors: minute >= 16 && minute < 16.2 ? 7 : 0,
      slow: minute > 8 && minute < 11 ? 2 : 0,
    });
  }
  await act('close');
  for (let second = 0; second < 90; second++) await night.second({ joins: 0, errors: 0, slow: 0 });
  return gateway;
}

class Night {
  readonly #gateway: InProcessGateway;
  #seq = 0;
  #claimed = 0;
  #arrived: number[] = [];

  constructor(gateway: InProcessGateway) {
    this.#gateway = gateway;
  }

  async second({ joins, errors, slow }: Second): Promise<void> {
    const { clock, store } = this.#gateway;
    clock.advance(1_000);
    const now = clock.now();
    const room = store.inner.rooms.get('demo')?.document;
    if (room === undefined || room === null) throw new TypeError('There is no room demo.');
    // The gateway draws when somebody reads the board.
    if (now >= NIGHT_OPENS_AT && room.draw.seed === null) {
      await this.#gateway.request('/_fairgate/rooms/demo/board');
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    const { active } = room.sessions;
    for (let index = 0; index < joins; index++) {
      this.#arrived.push(now);
      await store.inner.apply('demo', [{ kind: 'join', visitor: `v${this.#arrived.length}`, sid: null }]);
    }
    await this.#claim(now);
    if (this.#seq % 7 === 0) await this.#complete();
    if (this.#seq % 10 === 0 && now > NIGHT_OPENS_AT) {
      const remaining = Math.max(0, 2_000 - this.#claimed);
      await store.inner.apply('demo', [{ kind: 'reportStock', remaining, asOf: now }]);
    }
    this.#seq++;
    const answers = active > 0 ? 8 : 0;
    const failed = answers === 0 ? 0 : errors;
    const observed: Observed = {
      refused: { noAdmission: joins, prefetch: this.#seq % 30 === 0 ? 1 : 0 },
      origin: {
        answers,
        errors: failed,
        unreachable: 0,
        latency: [0, answers - slow, 0, 0, 0, 0, answers === 0 ? 0 : slow],
      },
      ...(answers === 0
        ? {}
        : { health: { requests: answers, failures: failed, timed: answers - failed, totalMs: 800 } }),
    };
    await store.inner.apply('demo', [
      { kind: 'report', gateway: 'north', seq: this.#seq, version: room.changes.version, observed },
    ]);
  }

  async #claim(now: number): Promise<void> {
    const { store } = this.#gateway;
    for (;;) {
      const room = store.inner.rooms.get('demo')?.document;
      if (!room || this.#claimed >= room.pacing.called) return;
      const position = this.#claimed + 1;
      this.#claimed = position;
      // One in six never comes back.
      if (position % 6 === 0) continue;
      const since = this.#arrived[position - 1] ?? now;
      const expected = Math.max(0, now - Math.max(since, NIGHT_OPENS_AT)) / 1_000;
      const told =
        since < NIGHT_OPENS_AT
          ? null
          : { low: Math.floor(expected * 0.7), high: Math.ceil(expected * (position % 11 === 0 ? 0.8 : 1.3)) };
      await store.inner.apply('demo', [
        {
          kind: 'claim',
          epoch: room.epoch,
          position,
          visitor: `v${position}`,
          sid: `s${position}`,
          wait: { since, told },
        },
      ]);
    }
  }

  async #complete(): Promise<void> {
    const { store } = this.#gateway;
    const ledger = store.inner.rooms.get('demo');
    const [position] = [...(ledger?.tables.session ?? [])].findLast(([, row]) => JSON.parse(row).ended === null) ?? [];
    const epoch = ledger?.document?.epoch ?? 0;
    if (position === undefined) return;
    const { visitor } = JSON.parse(ledger?.tables.session.get(position) ?? '{}') as { visitor: string };
    await store.inner.apply('demo', [{ kind: 'end', epoch, position, visitor, reason: 'completed' }]);
  }
}
