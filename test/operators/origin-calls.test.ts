// What the site said, as operators read it: page by page, with the key that signed each call, and nothing of who the visitors are.

import { expect, it } from 'vitest';
import type { OriginRecordDocument } from '../../worker/contract/operator-api.ts';
import { originCallsParts } from '../../worker/operators/evidence-calls.ts';
import { CallingSite, newSiteKey, originKeysOf } from '../gateway/calling-site.ts';
import { enter, type InProcessGateway, NOON } from '../gateway/in-process.ts';
import { ask, createKey, startGateway, withKey } from './operator-client.ts';

const KEY = newSiteKey('booking-1');

async function recordsOf(gateway: InProcessGateway, query: Record<string, string> = {}, headers = withKey()) {
  const { status, document } = await ask(gateway, 'originCalls', { query, headers });
  expect(status).toBe(200);
  return document as { records: OriginRecordDocument[]; next: number | null };
}

it('each call, number and signal is a record with the id of its key and the time, without sessions and visitors', async () => {
  const gateway = await startGateway({ originKeys: originKeysOf(KEY) });
  const site = new CallingSite(gateway, KEY);
  await enter(gateway);
  const admission = gateway.forwarded.at(-1)?.headers.get('Fairgate-Admission') ?? '';
  const at = new Date(gateway.clock.now()).toISOString();
  const lot = { id: 'a', name: { ko: '가', en: 'A' }, remaining: 3, price: { low: 1, high: 2, currency: 'KRW' } };
  await site.call('stock', { lots: [lot], asOf: new Date(NOON).toISOString() });
  await site.call('revoke', { admission });
  await site.call('complete', { admission, reference: 'A-123' });
  await site.call('readmit', { admission });
  await site.call('overload', { seconds: 60 });
  const { records, next } = await recordsOf(gateway);
  const epoch = records[0]?.epoch;
  const [asOf, by] = [new Date(NOON).toISOString(), 'booking-1'];
  expect(records).toEqual([
    { seq: 1, at, epoch, by, kind: 'stock', remaining: 3, asOf, lots: [{ ...lot, asOf }] },
    { seq: 2, at, epoch, by, kind: 'revoke', position: 1, refused: null },
    { seq: 3, at, epoch, by, kind: 'complete', position: 1, refused: null },
    { seq: 4, at, epoch, by, kind: 'readmit', position: 1, refused: 'completed' },
    { seq: 5, at, epoch, by, kind: 'overload', forMs: 60_000 },
  ]);
  expect(next).toBeNull();
  const { sid, sub } = JSON.parse(Buffer.from(admission.split('.')[1] ?? '', 'base64url').toString());
  for (const personal of [sid, sub, 'A-123', KEY.secret]) expect(JSON.stringify(records)).not.toContain(personal);
});

it('pages hold every record once, for a viewer too', async () => {
  const gateway = await startGateway({ originKeys: originKeysOf(KEY) });
  const site = new CallingSite(gateway, KEY);
  for (let remaining = 7; remaining > 0; remaining--) {
    await site.call('stock', { remaining });
    gateway.clock.advance(1_000);
  }
  const { key } = await createKey(gateway, 'viewer');
  const read: number[] = [];
  for (let after: number | null = 0; after !== null; ) {
    const page = await recordsOf(gateway, { after: String(after), limit: '3' }, withKey(key));
    read.push(...page.records.map(({ seq }) => seq));
    after = page.next;
  }
  expect(read).toEqual([1, 2, 3, 4, 5, 6, 7]);
});

it('an evidence pack breaks off where the oldest records are dropped meanwhile, and not where the store had lost some', async () => {
  const record = (seq: number) => ({ seq, at: NOON, epoch: 1, by: null, kind: 'overload' as const, forMs: 0 });
  const packed = async (stored: (reads: number) => number[]) => {
    let reads = 0;
    const read = async ({ after, limit }: { after: number; limit: number }) =>
      stored(reads++)
        .filter((seq) => seq > after)
        .slice(0, limit)
        .map(record);
    let text = '';
    for await (const part of originCallsParts('demo', { read, until: NOON }, () => {})) text += part;
    return (JSON.parse(text) as { records: { seq: number }[] }).records.map(({ seq }) => seq);
  };
  const whole = Array.from({ length: 2_500 }, (_, index) => index + 1);
  expect(await packed(() => whole)).toEqual(whole);
  const lost = whole.filter((seq) => seq <= 1_000 || seq > 1_010);
  expect(await packed(() => lost)).toEqual(lost);
  await expect(packed((reads) => (reads === 0 ? whole : whole.slice(1_500)))).rejects.toThrow('fetch it again');
});

it('a response’s header is recorded without a key', async () => {
  const gateway = await startGateway({
    fetchOrigin: async () => new Response('', { headers: { 'Fairgate-Stock': '12' } }),
  });
  const headers = { Accept: 'application/json' };
  const { admissionToken } = await (
    await gateway.request('/_fairgate/rooms/demo/join', { method: 'POST', headers })
  ).json();
  gateway.clock.advance(1_000);
  await gateway.request('/', { headers: { Authorization: `Bearer ${admissionToken}` } });
  await expect
    .poll(() => recordsOf(gateway))
    .toMatchObject({ records: [{ kind: 'stock', by: null, remaining: 12, lots: [] }] });
});
