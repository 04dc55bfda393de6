// The two variables that put rooms into Redis: both or neither, and never a token in the clear. What Redis was asked shows in
// the metrics.

import { describe, expect, it } from 'vitest';
import { Metrics } from '../../worker/metrics.ts';
import { readSettings } from '../../worker/settings.ts';
import { StoreStats } from '../../worker/store/store-stats.ts';
import { newSigningKey } from '../../worker/tokens/signing-keys.ts';
import { Observations } from '../../worker/views/observations.ts';

const base = {
  ROOMS: '[]',
  SIGNING_KEYS: JSON.stringify({ keys: [await newSigningKey(0)] }),
  PUBLIC_URL: 'https://booking.example',
  OPERATOR_KEY: 'an-operator-key-0123456789-abcdefghij',
};
const read = (url: unknown, token: unknown, more = {}) =>
  readSettings({ ...base, UPSTASH_REDIS_REST_URL: url, UPSTASH_REDIS_REST_TOKEN: token, ...more }).redis;

describe('the pair for Redis', () => {
  it('left out or empty, leaves the rooms where they are', () => {
    expect(read(undefined, undefined)).toBeNull();
    expect(read('', '')).toBeNull();
    expect(read(null, null)).toBeNull();
  });

  it.each([
    ['half of it', 'https://db.example', '', 'UPSTASH_REDIS_REST_TOKEN is missing'],
    ['the other half', '', 'token', 'UPSTASH_REDIS_REST_URL is missing'],
    ['plain http to another machine', 'http://db.example', 'token', 'http is for loopback only'],
    ['plain http to a private network', 'http://10.0.0.7:8080', 'token', 'http is for loopback only'],
    ['another protocol', 'redis://db.example', 'token', 'must be the https address'],
    ['a token in the address', 'https://db.example?_token=secret', 'token', 'without a token in it'],
    ['a user in the address', 'https://me@db.example', 'token', 'without a token in it'],
    ['no address at all', 'db.example', 'token', 'must be the https address'],
    ['a token with a line end', 'https://db.example', 'token\n', 'white space'],
  ])('is refused with %s, and the sentence does not repeat it', (_, url, token, says) => {
    expect(() => read(url, token)).toThrow(says);
    expect(() => read(url, token)).not.toThrow(/secret/);
  });

  it('is taken with https, and with http on loopback; relays are counted', () => {
    expect(read('https://db.example', 'token')).toEqual({
      url: 'https://db.example',
      token: 'token',
      relays: 1,
      replicas: 1,
    });
    expect(read('http://127.0.0.1:8079', 'token', { REDIS_RELAYS: '4' })).toMatchObject({ relays: 4 });
    expect(read('https://db.example', 'token', { REDIS_REPLICAS: '0' })).toMatchObject({ replicas: 0 });
    for (const replicas of ['', ' ', '-1', '0.5', '9', 'all']) {
      expect(() => read('https://db.example', 'token', { REDIS_REPLICAS: replicas })).toThrow('REDIS_REPLICAS');
    }
    for (const relays of ['0', '1.5', '17', 'many']) {
      expect(() => read('https://db.example', 'token', { REDIS_RELAYS: relays })).toThrow('REDIS_RELAYS');
    }
  });
});

it('what Redis was asked adds up in the metrics by room, and conflicts go into the room’s history', () => {
  const [tally, metrics, observations] = [new StoreStats(), new Metrics(), new Observations()];
  for (const commands of [1, 3, 300]) tally.recordBatch(commands, 2);
  tally.conflicts += 2;
  tally.recordFailure('unanswered');
  const taken = tally.take();
  metrics.tallied('demo', taken);
  metrics.tallied('demo', taken);
  metrics.tallied('directory', tally.take());
  observations.storeContended('demo', taken);
  const lines = metrics.text([]).split('\n');
  for (const line of [
    'fairgate_redis_round_trips_total{ledger="demo"} 12',
    'fairgate_redis_conflicts_total{ledger="demo"} 4',
    'fairgate_redis_troubles_total{ledger="demo",kind="unanswered"} 2',
    'fairgate_redis_list_commands_bucket{ledger="demo",le="1"} 2',
    'fairgate_redis_list_commands_bucket{ledger="demo",le="4"} 4',
    'fairgate_redis_list_commands_bucket{ledger="demo",le="256"} 4',
    'fairgate_redis_list_commands_bucket{ledger="demo",le="+Inf"} 6',
    'fairgate_redis_list_commands_sum{ledger="demo"} 608',
    'fairgate_redis_list_commands_count{ledger="demo"} 6',
  ]) {
    expect(lines).toContain(line);
  }
  expect(lines.filter((line) => line.includes('directory'))).toEqual([]);
  expect(observations.take('demo').store).toEqual({ conflicts: 2, retries: 0 });
});
