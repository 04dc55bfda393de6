// The settings that store rooms in Redis: address and token both or neither, and never a token over plain http. Also what
// the metrics show of Redis.

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

describe('address and token of Redis', () => {
  it('select Durable Objects when both are absent or empty', () => {
    expect(read(undefined, undefined)).toBeNull();
    expect(read('', '')).toBeNull();
    expect(read(null, null)).toBeNull();
  });

  it.each([
    ['an address without a token', 'https://db.example', '', 'UPSTASH_REDIS_REST_TOKEN is missing'],
    ['a token without an address', '', 'token', 'UPSTASH_REDIS_REST_URL is missing'],
    ['plain http to another machine', 'http://db.example', 'token', 'http is for loopback only'],
    ['plain http to a private network', 'http://10.0.0.7:8080', 'token', 'http is for loopback only'],
    ['another protocol', 'redis://db.example', 'token', 'must be the https address'],
    ['a token in the address', 'https://db.example?_token=secret', 'token', 'without a token in it'],
    ['a user in the address', 'https://me@db.example', 'token', 'without a token in it'],
    ['an address without a protocol', 'db.example', 'token', 'must be the https address'],
    ['a token with a line break', 'https://db.example', 'token\n', 'white space'],
  ])('are refused with %s, in a message that does not repeat the token', (_, url, token, message) => {
    expect(() => read(url, token)).toThrow(message);
    expect(() => read(url, token)).not.toThrow(/secret/);
  });

  it('are accepted with https, and with http on loopback; replicas must be a whole number within its bounds', () => {
    expect(read('https://db.example', 'token')).toEqual({
      url: 'https://db.example',
      token: 'token',
      replicas: 1,
    });
    expect(read('http://127.0.0.1:8079', 'token')).toMatchObject({ replicas: 1 });
    expect(read('https://db.example', 'token', { REDIS_REPLICAS: '0' })).toMatchObject({ replicas: 0 });
    for (const replicas of ['', ' ', '-1', '0.5', '9', 'all']) {
      expect(() => read('https://db.example', 'token', { REDIS_REPLICAS: replicas })).toThrow('REDIS_REPLICAS');
    }
  });
});

it('metrics add up the counts of Redis by ledger, and conflicts go into the room’s history', () => {
  const [stats, metrics, observations] = [new StoreStats(), new Metrics(() => 0, 0), new Observations()];
  for (const commands of [1, 3, 300]) stats.recordBatch(commands, 2);
  stats.conflicts += 2;
  stats.recordFailure('unanswered');
  const counts = stats.take();
  metrics.addStoreCounts('demo', counts);
  metrics.addStoreCounts('demo', counts);
  metrics.addStoreCounts('directory', stats.take());
  observations.storeContended('demo', counts);
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
  expect(observations.take('demo', 0, 1_000).store).toEqual({ conflicts: 2, retries: 0 });
});
