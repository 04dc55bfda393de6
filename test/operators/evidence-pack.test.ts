// The evidence pack: a stranger can check it, every change to it shows, it names nobody, and half of one is none.

import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { createVerifier } from '../../origin/verify.ts';
import type { Actor, AuditRecord } from '../../queue-core/audit.ts';
import type { Change } from '../../queue-core/command.ts';
import type { EvidenceManifest } from '../../worker/contract/evidence-schema.ts';
import type { RoomStore } from '../../worker/store/room-store.ts';
import { StoreUnavailable } from '../../worker/store/room-store.ts';
import { newSigningKey } from '../../worker/tokens/signing-keys.ts';
import {
  archiveOf,
  checked,
  type Evening,
  faultsIn,
  fetchedPack,
  jsonFile,
  manifestIn,
  packOf,
  pass,
  playedEvening,
  tablesOf,
} from '../evidence-packs.ts';
import { type InProcessGateway, NOON, PUBLIC_URL } from '../gateway/in-process.ts';
import { ask, createKey, onCurrentVersion, problemIn, SITE, startGateway, withKey } from './operator-client.ts';

type Pack = Awaited<ReturnType<typeof fetchedPack>>;

let evening: Evening;
let pack: Pack;
beforeAll(async () => {
  evening = await playedEvening();
  pack = await fetchedPack(evening.gateway);
});

const without = ({ files }: Pack, name: string): Pack => {
  const rest = new Map(files);
  rest.delete(name);
  return { files: rest, strange: [] };
};
const withFile = ({ files }: Pack, name: string, content: Buffer | string): Pack => ({
  files: new Map(files).set(name, Buffer.from(content)),
  strange: [],
});

/** Makes changes in the store as an operator with these details. */
async function changed({ store }: InProcessGateway, by: Actor, change: Change): Promise<void> {
  const id = `${Math.random()}`;
  await store.inner.apply('demo', [{ kind: 'change', id, by, ifVersion: 'any', change }]);
}

const ACTOR: Actor = { id: 'a1b2c3d4', name: 'Night shift', role: 'operator', address: '203.0.113.77' };

describe('a pack of an opening with a draw', () => {
  it('holds in every check, by keys from elsewhere', async () => {
    const keys = await (await evening.gateway.request('/.well-known/jwks.json')).json();
    const verdict = await checked(pack, { keys });
    expect(faultsIn(verdict)).toEqual([]);
    expect(verdict).toMatchObject({ holds: true, pinned: true, intact: true });
    const texts = verdict.checks.map(({ text }) => text).join('\n');
    expect(texts).toMatch(/is a whole chain of 7 records/);
    expect(texts).toMatch(/is proven: \d+ entries/);
    expect(texts).toMatch(/the sums add up/);
  });

  it('has what was admitted and refused, and what visitors were shown', () => {
    const [opening] = jsonFile<{ openings: Record<string, unknown>[] }>(pack, 'totals.json').openings;
    expect(opening).toMatchObject({ revoked: 1, refused: { noAdmission: 40, badToken: 1 } });
    const { shown } = jsonFile<{ shown: { what: string; value: unknown }[] }>(pack, 'shown.json');
    expect(shown).toContainEqual(
      expect.objectContaining({ what: 'message', value: { ko: '=잠시만요', en: '=One moment' } }),
    );
    expect(shown).toContainEqual(expect.objectContaining({ what: 'totalActiveUsers', value: 50, record: 5 }));
    expect(shown).toContainEqual(expect.objectContaining({ what: 'state', value: 'open', record: null }));
  });

  it('has what the site said: each number with when it was read, each call with its key', () => {
    const { records } = jsonFile<{ records: Record<string, unknown>[] }>(pack, 'origin-calls.json');
    expect(manifestIn(pack).calls).toEqual({ records: 5, first: 1, last: 5 });
    const lot = { id: 'a', name: { ko: '=가', en: '=가' }, price: null };
    expect(records).toMatchObject([
      { kind: 'stock', by: 'booking-1', remaining: 5, lots: [{ ...lot, remaining: 5 }] },
      { kind: 'stock', remaining: 4, lots: [{ ...lot, remaining: 4 }] },
      { kind: 'complete', refused: null },
      { kind: 'readmit', refused: 'completed' },
      { kind: 'overload', forMs: 0 },
    ]);
    expect(Object.keys(records[2] ?? {}).toSorted()).toEqual(
      ['at', 'by', 'epoch', 'kind', 'position', 'refused', 'seq'].toSorted(),
    );
  });

  it('of a gateway without records of the site is checked as before', async () => {
    const { calls: _, ...manifest } = manifestIn(pack);
    const files = new Map(pack.files);
    files.delete('origin-calls.json');
    const listed = manifest.files.filter(({ name }) => name !== 'origin-calls.json');
    const sums = listed.filter(({ name }) => name !== 'SHA256SUMS').map(({ name, sha256 }) => `${sha256}  ${name}\n`);
    const bytes = Buffer.from(sums.join(''));
    files.set('SHA256SUMS', bytes);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const own = listed.map((one) => (one.name === 'SHA256SUMS' ? { ...one, bytes: bytes.length, sha256 } : one));
    const text = Buffer.from(JSON.stringify({ ...manifest, files: own }));
    const jws = await evening.gateway.parts.tokens.signEvidence(text, evening.gateway.clock.now());
    files.set('manifest.json', text).set('manifest.jws', Buffer.from(jws));
    expect(faultsIn(await checked({ files, strange: [] }))).toEqual([]);
  });

  it('is made at the store’s time, whatever the gateway’s own clock says', async () => {
    const gateway = await startGateway({ ownTime: () => NOON + 3_600_000 });
    expect(manifestIn(await fetchedPack(gateway)).madeAt).toBe(new Date(NOON).toISOString());
  });

  it('has the draws of earlier openings, each proven', async () => {
    const { gateway } = await playedEvening();
    const opensAt = new Date(gateway.clock.now() + 600_000).toISOString();
    await ask(gateway, 'setSchedule', { body: { opensAt }, headers: await onCurrentVersion(gateway) });
    const later = await fetchedPack(gateway);
    const verdict = await checked(later);
    expect([faultsIn(verdict), manifestIn(later).draws]).toEqual([[], { files: 2, leftOut: 0 }]);
    expect(verdict.checks.filter(({ text }) => /is proven|is not made yet/.test(text))).toHaveLength(2);
  });

  it('has no secret before the draw', async () => {
    const gateway = await startGateway({ room: { schedule: { opensAt: new Date(NOON + 600_000).toISOString() } } });
    const text = [...(await fetchedPack(gateway)).files.values()].map((bytes) => bytes.toString('utf8')).join('\n');
    const sealed = gateway.store.inner.rooms.get('demo')?.document?.draw.sealed ?? '';
    const secrets = [
      sealed,
      sealed.split('.')[1] ?? '',
      gateway.parts.seals.open(sealed) ?? '',
      gateway.keys.keys[0]?.d ?? '',
    ];
    for (const secret of secrets) {
      expect(secret.length).toBeGreaterThan(20);
      expect(text).not.toContain(secret);
    }
  });

  it('is given of an archived room', async () => {
    const { gateway } = await playedEvening();
    for (const name of ['close', 'archiveRoom'] as const)
      await ask(gateway, name, { headers: await onCurrentVersion(gateway) });
    const archived = await fetchedPack(gateway);
    expect(faultsIn(await checked(archived))).toEqual([]);
    const { records } = jsonFile<{ records: AuditRecord[] }>(archived, 'site-log.json');
    expect(records.at(-1)).toMatchObject({ action: 'archiveRoom', to: { room: 'demo', archived: true } });
  });

  it('no cell of its CSV files is a formula', () => {
    for (const name of ['shown.csv', 'history.csv']) {
      expect(pack.files.get(name)?.toString('utf8')).not.toMatch(/(?:^|[,;])["']?[=+@]/m);
    }
  });
});

describe('an older pack of the room', () => {
  type Edit = (value: Record<string, unknown>) => unknown;
  let gateway: InProcessGateway;
  let [older, newer]: Pack[] = [];
  let epochs = { past: 0, present: 0 };

  beforeAll(async () => {
    ({ gateway } = await playedEvening());
    const past = manifestIn(await fetchedPack(gateway)).epoch;
    await pass(gateway, 60);
    const opensAt = new Date(gateway.clock.now() + 600_000).toISOString();
    await ask(gateway, 'setSchedule', { body: { opensAt }, headers: await onCurrentVersion(gateway) });
    older = await fetchedPack(gateway);
    gateway.clock.advance(60_000);
    newer = await fetchedPack(gateway);
    epochs = { past, present: manifestIn(older).epoch };
  });

  /** The newer pack as an operator with the keys signs it: files changed, or left out where the change gives null. */
  async function signedAnew(edits: Record<string, Edit>): Promise<Pack> {
    const files = new Map(newer?.files);
    const { 'manifest.json': ofManifest = (value: unknown) => value, ...ofFiles } = edits;
    for (const [name, edit] of Object.entries(ofFiles)) {
      const edited = edit(JSON.parse(files.get(name)?.toString('utf8') ?? ''));
      if (edited === null) files.delete(name);
      else files.set(name, Buffer.from(JSON.stringify(edited)));
    }
    const manifest = ofManifest(manifestIn({ files, strange: [] })) as EvidenceManifest;
    const listed = manifest.files.filter(({ name }) => files.has(name));
    const digested = (name: string) => {
      const bytes = files.get(name) ?? Buffer.alloc(0);
      return { name, bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') };
    };
    const sums = listed.filter(({ name }) => name !== 'SHA256SUMS').map(({ name }) => digested(name));
    files.set('SHA256SUMS', Buffer.from(sums.map(({ name, sha256 }) => `${sha256}  ${name}\n`).join('')));
    const bytes = Buffer.from(JSON.stringify({ ...manifest, files: listed.map(({ name }) => digested(name)) }));
    const jws = await gateway.parts.tokens.signEvidence(bytes, gateway.clock.now());
    return { files: files.set('manifest.json', bytes).set('manifest.jws', Buffer.from(jws)), strange: [] };
  }

  const verdictOn = (made: Pack) =>
    checked(made, older === undefined ? {} : { earlier: { name: 'older', pack: older } });
  const list = (value: unknown) => value as Record<string, unknown>[];

  it('agrees where nothing was changed', async () => {
    expect(faultsIn(await verdictOn(await signedAnew({})))).toEqual([]);
  });

  const CHANGED: [string, (epochs: { past: number; present: number }) => Record<string, Edit>, RegExp][] = [
    [
      'the draw of an opening that is over was left out',
      ({ past }) => ({
        [`draw-${past}.json`]: () => null,
        'manifest.json': (manifest) => ({ ...manifest, draws: { files: 1, leftOut: 0 } }),
      }),
      /lacks draw-\d+\.json/,
    ],
    [
      'the draw to come was sealed again without a trace',
      ({ present }) => ({
        [`draw-${present}.json`]: (draw) => ({
          ...draw,
          commitments: [{ ...list(draw['commitments'])[0], commitment: '00'.repeat(32) }],
        }),
      }),
      /the list of commitments was/,
    ],
    [
      'a record of the site was changed',
      () => ({
        'site-log.json': ({ records, ...rest }) => ({
          ...rest,
          records: list(records).map((record) => ({ ...record, action: 'archiveRoom' })),
        }),
      }),
      /site-log\.json: does not begin with/,
    ],
    [
      'what was counted was changed',
      () => ({
        'history.json': ({ buckets, ...rest }) => ({
          ...rest,
          buckets: list(buckets).map((bucket, index) => (index === 1 ? { ...bucket, waiting: 7777 } : bucket)),
        }),
      }),
      /history\.json: has 1 buckets of older changed or missing/,
    ],
    [
      'a number that visitors were shown was changed',
      () => ({
        'origin-calls.json': ({ records, ...rest }) => ({
          ...rest,
          records: list(records).map((record) => (record['seq'] === 2 ? { ...record, remaining: 40 } : record)),
        }),
      }),
      /origin-calls\.json: has 1 records of older changed or missing, the first number 2/,
    ],
    [
      'the last call was left out',
      () => ({
        'origin-calls.json': ({ records, ...rest }) => ({ ...rest, records: list(records).slice(0, -1) }),
        'manifest.json': (manifest) => ({ ...manifest, calls: { records: 4, first: 1, last: 4 } }),
      }),
      /origin-calls\.json: has 1 records of older changed or missing, the first number 5/,
    ],
  ];

  it.each(CHANGED)('shows that %s', async (_, editsOf, expected) => {
    const made = await signedAnew(editsOf(epochs));
    expect(faultsIn(await checked(made))).toEqual([]);
    expect(faultsIn(await verdictOn(made))).toEqual([expect.stringMatching(expected)]);
  });

  const CONTRADICTING: [string, Edit, RegExp][] = [
    ['of another room', (calls) => ({ ...calls, room: 'other' }), /is of another room/],
    [
      'fewer than the manifest names',
      ({ records, ...rest }) => ({ ...rest, records: list(records).slice(1) }),
      /does not have the 5 records/,
    ],
    [
      'with one left out',
      ({ records, ...rest }) => ({ ...rest, records: list(records).toSpliced(2, 1) }),
      /lacks a record before number 4/,
    ],
    [
      'with one twice',
      ({ records, ...rest }) => ({ ...rest, records: list(records).toSpliced(2, 0, list(records)[2] ?? {}) }),
      /has a record twice/,
    ],
    [
      'in another order',
      ({ records, ...rest }) => ({
        ...rest,
        records: list(records).map((record, index) =>
          index === 4 ? { ...record, at: '2027-01-01T00:00:00.000Z' } : record,
        ),
      }),
      /not in the order of time/,
    ],
    [
      'shown before it was read',
      ({ records, ...rest }) => ({
        ...rest,
        records: list(records).map((record) =>
          record['kind'] === 'stock' ? { ...record, asOf: '2030-01-01T00:00:00.000Z' } : record,
        ),
      }),
      /before the site had read it/,
    ],
    [
      'with a refusal that there is not',
      ({ records, ...rest }) => ({
        ...rest,
        records: list(records).map((record) => ('refused' in record ? { ...record, refused: 'mood' } : record)),
      }),
      /has no records of what the site said/,
    ],
  ];

  it.each(CONTRADICTING)('records of the site are told to contradict the pack: %s', async (_, edit, expected) => {
    const made = await signedAnew({ 'origin-calls.json': edit });
    expect(faultsIn(await checked(made)).join('\n')).toMatch(expected);
  });

  it('records of the site may be missing where the log says that the store had lost writes', async () => {
    const lost: Edit = ({ records, ...rest }) => ({ ...rest, records: list(records).toSpliced(2, 1) });
    const of: Edit = (manifest) => ({ ...manifest, calls: { records: 4, first: 1, last: 5 } });
    const made = await signedAnew({ 'origin-calls.json': lost, 'manifest.json': of });
    expect(faultsIn(await checked(made))).toEqual([expect.stringContaining('lacks a record before number 4')]);
    const recovered: Edit = ({ records, ...rest }) => ({
      ...rest,
      records: list(records).map((record, index) => (index === 0 ? { ...record, action: 'recover' } : record)),
    });
    const after = await signedAnew({ 'origin-calls.json': lost, 'manifest.json': of, 'log.json': recovered });
    const { checks } = await checked(after);
    expect(checks).toContainEqual(expect.objectContaining({ file: 'origin-calls.json', outcome: 'note' }));
  });

  it('may have had records of the site that the newer one dropped as the oldest', async () => {
    const made = await signedAnew({
      'origin-calls.json': ({ records, ...rest }) => ({ ...rest, records: list(records).slice(3) }),
      'manifest.json': (manifest) => ({ ...manifest, calls: { records: 2, first: 4, last: 5 } }),
    });
    expect(faultsIn(await verdictOn(made))).toEqual([]);
  });

  it('may have had an opening that ended without a draw', async () => {
    const schedule = async (inMs: number, beacon: object | null) => {
      const body = { opensAt: new Date(gateway.clock.now() + inMs).toISOString(), beacon };
      await ask(gateway, 'setSchedule', { body, headers: await onCurrentVersion(gateway) });
    };
    // It opens, and is closed while its draw waits for the beacon.
    await schedule(1_000, {});
    gateway.clock.advance(2_000);
    await ask(gateway, 'close', { headers: await onCurrentVersion(gateway) });
    await schedule(900_000, null);
    const verdict = await verdictOn(await fetchedPack(gateway));
    expect(faultsIn(verdict)).toEqual([]);
    expect(verdict.checks.some(({ text }) => text.includes('it ended without one'))).toBe(true);
  });
});

describe('a change to a pack', () => {
  it('of any byte of any file is found', async () => {
    const names = [...pack.files.keys()];
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...names),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        async (name, offset, mask) => {
          const bytes = Buffer.from(pack.files.get(name) ?? '');
          const at = offset % bytes.length;
          bytes[at] = (bytes[at] ?? 0) ^ mask;
          const verdict = await checked(withFile(pack, name, bytes));
          expect(verdict.holds).toBe(false);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('of the last character of the signature is found, also where it decodes to the same bytes', async () => {
    const text = pack.files.get('manifest.jws')?.toString('latin1') ?? '';
    for (const character of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=\n ') {
      const changedText = text.slice(0, -1) + character;
      for (const one of changedText === text ? [`${text}${character}`] : [changedText, `${text}${character}`]) {
        expect((await checked(withFile(pack, 'manifest.jws', one))).holds).toBe(false);
      }
    }
  });

  it('of white space in the manifest is found, although it says the same', async () => {
    const text = pack.files.get('manifest.json')?.toString('utf8') ?? '';
    expect(faultsIn(await checked(withFile(pack, 'manifest.json', `${text} `)))).toEqual([
      'manifest.json: was changed: it is not what the gateway signed.',
    ]);
  });

  it('that takes a file away or adds one is told by its name', async () => {
    for (const name of pack.files.keys()) {
      expect(faultsIn(await checked(without(pack, name))).join('\n')).toContain(`${name}: is missing`);
    }
    expect(faultsIn(await checked(withFile(pack, 'more.json', '{}')))).toEqual([
      expect.stringMatching(/^more\.json: does not belong/),
    ]);
    expect(faultsIn(await checked({ ...pack, strange: ['folder'] }))).toEqual([
      expect.stringMatching(/^folder: does not belong/),
    ]);
  });

  it('is told of the file that was changed, and of no other', async () => {
    const history = pack.files.get('history.csv')?.toString('utf8') ?? '';
    const verdict = await checked(withFile(pack, 'history.csv', history.replace('"60000"', '"60001"')));
    expect(faultsIn(verdict)).toEqual(['history.csv: was changed: its SHA-256 is another one.']);
    expect(verdict).toMatchObject({ holds: false, intact: false });
  });
});

describe('a signature', () => {
  it('of another key is refused, also where the pack brings that key', async () => {
    const other = await playedEvening();
    const foreign = await fetchedPack(other.gateway);
    const keys = await (await evening.gateway.request('/.well-known/jwks.json')).json();
    expect(faultsIn(await checked(foreign, { keys }))).toEqual([expect.stringContaining('is by another key')]);
    expect((await checked(foreign)).pinned).toBe(false);
  });

  it('of a manifest is no token: no part of the gateway takes it, and neither does a site', async () => {
    const { parts } = evening.gateway;
    const jws = pack.files.get('manifest.jws')?.toString('latin1') ?? '';
    const now = evening.gateway.clock.now();
    expect(await parts.tokens.readQueue(jws, 'demo', now)).toEqual({ kind: 'invalid' });
    expect(await parts.tokens.readAdmission(jws, 'urn:fairgate:origin:demo', now)).toEqual({ kind: 'invalid' });
    expect(await parts.tokens.readOperator(jws, 'urn:fairgate:operators', now)).toEqual({ kind: 'invalid' });
    const verify = createVerifier({
      jwksUrl: 'https://gate.test/.well-known/jwks.json',
      issuer: PUBLIC_URL,
      audience: 'urn:fairgate:origin:demo',
      fetch: async () => Response.json(parts.tokens.jwks),
      now: () => now,
    });
    expect(await verify(jws)).toMatchObject({ kind: 'refused', reason: 'type' });
  });

  it('of a token is no manifest, although the same key made it', async () => {
    const { tokens } = evening.gateway.parts;
    const at = evening.gateway.clock.now();
    const queue = {
      room: 'demo',
      visitor: 'v'.repeat(22),
      epoch: 1,
      place: { kind: 'entry', number: 1 },
      commitment: 'c',
      issuedAt: at,
    } as const;
    const token = await tokens.issueQueue(queue, at);
    const faults = faultsIn(await checked(withFile(pack, 'manifest.jws', token)));
    expect(faults).toEqual([expect.stringContaining('is of the type "queue+jwt"')]);
  });

  it('covers nothing that a caller sends', async () => {
    const { gateway } = await playedEvening();
    const plain = await fetchedPack(gateway);
    const mark = 'x9f3-submitted';
    const response = await gateway.request(`/_fairgate/operator/rooms/demo/evidence?room=${mark}&madeAt=${mark}`, {
      headers: { ...withKey(), 'X-Forwarded-Host': mark, 'User-Agent': mark, Accept: mark, 'Idempotency-Key': mark },
    });
    const again = packOf(await response.arrayBuffer());
    for (const [name, bytes] of plain.files) {
      if (name !== 'manifest.jws') expect(again.files.get(name)?.equals(bytes), name).toBe(true);
    }
  });
});

describe('who may take a pack', () => {
  it('is every operator, and nobody without a key', async () => {
    const gateway = await startGateway();
    expect((await archiveOf(gateway, { Authorization: '' })).status).toBe(401);
    expect((await archiveOf(gateway, withKey('some-other-operator-key-0123456789'))).status).toBe(401);
    gateway.clock.advance(60_000);
    const { key } = await createKey(gateway, 'viewer');
    const response = await archiveOf(gateway, withKey(key));
    expect([response.status, response.headers.get('Content-Type'), response.headers.get('Cache-Control')]).toEqual([
      200,
      'application/zip',
      'no-store',
    ]);
    expect(response.headers.get('Content-Disposition')).toBe(
      `attachment; filename="demo-evidence-20270805T120100Z.zip"`,
    );
    const other = await ask(gateway, 'evidence', { at: { room: 'other' }, headers: withKey(key) });
    expect([other.status, problemIn(other)]).toEqual([404, 'not-found']);
  });

  it('another site’s page cannot have one made with an operator’s session', async () => {
    const gateway = await startGateway();
    const signedIn = await ask(gateway, 'signIn', { body: { key: withKey().Authorization.slice(7) } });
    const Cookie = signedIn.headers.getSetCookie()[0]?.split(';')[0] ?? '';
    const crossSite = { Cookie, 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'no-cors' };
    expect((await archiveOf(gateway, crossSite as never)).status).toBe(403);
  });

  it('has to wait after a few packs of one room, and not for another room', async () => {
    const gateway = await startGateway({ moreRooms: [{ id: 'other', hosts: ['other.example'] }] });
    for (let count = 0; count < 3; count++) await (await archiveOf(gateway)).arrayBuffer();
    const refused = await ask(gateway, 'evidence', { headers: withKey() });
    expect([refused.status, problemIn(refused), refused.headers.get('Retry-After')]).toEqual([
      429,
      'too-many-requests',
      '20',
    ]);
    expect((await ask(gateway, 'evidence', { at: { room: 'other' }, headers: withKey() })).status).toBe(200);
    gateway.clock.advance(20_000);
    expect((await archiveOf(gateway)).status).toBe(200);
  });

  it('gets nothing about other rooms', async () => {
    const gateway = await startGateway();
    const site = { ...SITE, title: { ko: '봄나들이', en: 'Secret spring' } };
    const policy = { newUsersPerMinute: 120, totalActiveUsers: 50, sessionMinutes: 7 };
    const body = { id: 'spring', site, policy, schedule: { opensAt: '2031-03-02T20:00:00+09:00' } };
    expect((await ask(gateway, 'createRoom', { body, headers: withKey() })).status).toBe(200);
    const own = await fetchedPack(gateway);
    const text = [...own.files.values()].map((bytes) => bytes.toString('utf8')).join('\n');
    expect(text).not.toMatch(/spring|봄나들이/i);
    expect(manifestIn(own).siteLog).toMatchObject({ about: 1, whole: true });
  });
});

it('a pack tells what was done about the health of the site, and no path at the site', async () => {
  const policy = { newUsersPerMinute: 120, totalActiveUsers: 50, sessionMinutes: 7 };
  const gateway = await startGateway({ room: { policy: { ...policy, health: { probePath: '/internal-check-7' } } } });
  const body = { ...policy, health: { probePath: '/internal-check-8' } };
  expect((await ask(gateway, 'setPolicy', { body, headers: await onCurrentVersion(gateway) })).status).toBe(200);
  await gateway.store.apply('demo', [{ kind: 'reportOverload', forMs: 60_000 }]);
  const own = await fetchedPack(gateway);
  expect([...own.files.values()].map((bytes) => bytes.toString('utf8')).join('\n')).not.toContain('internal-check');
  const { records } = jsonFile<{ records: AuditRecord[] }>(own, 'log.json');
  expect(records.at(-1)).toMatchObject({
    ...{ action: 'originStopped', by: { id: 'origin-health' } },
    to: { stage: 'stopped', cause: { kind: 'signal' }, newUsersPerMinute: 120 },
  });
});

describe('no pack names anybody', () => {
  /** Every text in a JSON document, names of members too. */
  function textsIn(value: unknown): string[] {
    if (Array.isArray(value)) return value.flatMap(textsIn);
    if (typeof value === 'object' && value !== null) {
      return Object.entries(value).flatMap(([name, part]) => [name, ...textsIn(part)]);
    }
    return [String(value)];
  }

  function everythingIn({ files }: Pack): string {
    return [...files]
      .flatMap(([name, bytes]) => {
        const text = bytes.toString('utf8');
        if (name === 'manifest.jws') return [Buffer.from(text.split('.')[1] ?? '', 'base64url').toString('utf8'), text];
        return name.endsWith('.json') ? [text, ...textsIn(JSON.parse(text))] : [text];
      })
      .join('\n');
  }

  it('of an opening: no operator, key, address, visitor, session or token', () => {
    const { names, ids } = evening.personal;
    expect(ids.length).toBeGreaterThan(15);
    const everything = everythingIn(pack);
    for (const detail of [...names, ...ids, 'origin-7.internal']) {
      expect(detail.length).toBeGreaterThan(2);
      expect(everything).not.toContain(detail);
    }
    expect(everything).not.toMatch(/eyJ[A-Za-z0-9_-]{10,}\.eyJ/);
  });

  it('whatever operators are called and wherever they come from, for every kind of change', async () => {
    const secret = fc.string({ minLength: 1, maxLength: 30, unit: 'grapheme' }).map((text) => `zqx${text}`);
    const actor: fc.Arbitrary<Actor> = fc.record({
      id: secret,
      name: secret,
      role: fc.constantFrom('viewer', 'operator', 'owner'),
      address: fc.option(fc.oneof(fc.ipV4(), fc.ipV6()).map((address) => `zqx${address}`)),
    });
    const change: fc.Arbitrary<Change> = fc.oneof(
      fc.constantFrom<Change>(
        { kind: 'setFlow', flow: 'paused' },
        { kind: 'setFlow', flow: 'running' },
        { kind: 'close' },
        { kind: 'revokeAll' },
      ),
      secret.map((sid): Change => ({ kind: 'givePass', sid, expiresAt: NOON + 600_000, useBy: NOON + 300_000 })),
      fc.record({ ko: fc.string(), en: fc.string() }).map((text): Change => ({ kind: 'setMessage', text })),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(actor, change), { minLength: 1, maxLength: 12 }), async (changes) => {
        const gateway = await startGateway();
        await gateway.request('/_fairgate/rooms/demo/board');
        for (const [by, wanted] of changes) {
          await changed(gateway, by, wanted);
          if (wanted.kind === 'givePass') await changed(gateway, by, { kind: 'usePass', sid: wanted.sid });
        }
        const made = await fetchedPack(gateway);
        expect(faultsIn(await checked(made))).toEqual([]);
        expect(everythingIn(made)).not.toContain('zqx');
      }),
      { numRuns: 15 },
    );
  });

  it('and nobody can be guessed: no hash in it is one of a record that has a name', async () => {
    const gateway = await startGateway();
    await gateway.request('/_fairgate/rooms/demo/board');
    await changed(gateway, ACTOR, { kind: 'setFlow', flow: 'paused' });
    const made = await fetchedPack(gateway);
    const { records } = jsonFile<{ records: AuditRecord[] }>(made, 'log.json');
    expect(records[1]).toMatchObject({ by: { id: 'operator-1', name: 'operator-1', role: 'operator', address: null } });
    const everything = everythingIn(made);
    const named = [...tablesOf(gateway).audit.values()].map((text) => JSON.parse(text) as AuditRecord).slice(1);
    for (const { hash } of named) expect(everything).not.toContain(hash);
  });

  it('what is not listed for disclosure stands there as withheld, and no record is missing', async () => {
    const gateway = await startGateway();
    await gateway.request('/_fairgate/rooms/demo/board');
    await changed(gateway, ACTOR, { kind: 'givePass', sid: 'sid-of-a-pass', expiresAt: NOON + 600_000, useBy: null });
    const { records } = jsonFile<{ records: AuditRecord[] }>(await fetchedPack(gateway), 'log.json');
    expect(records.map(({ seq }) => seq)).toEqual([1, 2]);
    expect(records[1]?.to).toEqual({ sid: { withheld: true }, until: new Date(NOON + 600_000).toISOString() });
    const { audit } = tablesOf(gateway);
    const stored = JSON.parse(audit.get(2) ?? '') as AuditRecord;
    audit.set(
      2,
      JSON.stringify({ ...stored, action: 'laterKind', from: { email: 'kim@example.org' }, to: 'kim@example.org' }),
    );
    const later = jsonFile<{ records: AuditRecord[] }>(await fetchedPack(gateway), 'log.json');
    expect(later.records[1]).toMatchObject({ action: 'laterKind', from: { withheld: true }, to: { withheld: true } });
  });
});

describe('a log', () => {
  it('of many pages is in the pack whole, with its history', async () => {
    const gateway = await startGateway();
    await gateway.request('/_fairgate/rooms/demo/board');
    for (let count = 0; count < 2_600; count++) {
      await changed(gateway, ACTOR, { kind: 'setFlow', flow: count % 2 === 0 ? 'paused' : 'running' });
    }
    const { history } = tablesOf(gateway);
    const first = Math.floor(NOON / 10_000) - 2_500;
    const bucket = { ...jsonFile<{ buckets: Record<string, unknown>[] }>(pack, 'history.json').buckets[0], epoch: 7 };
    for (let key = first; key < first + 2_400; key++) history.set(key, JSON.stringify({ ...bucket, at: key * 10_000 }));
    const long = await fetchedPack(gateway);
    expect(faultsIn(await checked(long))).toEqual([]);
    expect(manifestIn(long)).toMatchObject({ log: { records: 2_601, whole: true }, history: { buckets: 2_400 } });
  });

  it('that is damaged in the store is not called whole', async () => {
    const damages: ((audit: Map<number, string>) => void)[] = [
      (audit) => audit.delete(3),
      (audit) => audit.delete(7),
      (audit) => audit.set(3, (audit.get(3) ?? '').replace('paused', 'held')),
    ];
    const { gateway } = await playedEvening();
    const { audit } = tablesOf(gateway);
    const stored = [...audit];
    for (const damage of damages) {
      damage(audit);
      const verdict = await checked(await fetchedPack(gateway));
      expect(verdict).toMatchObject({ holds: false, intact: true, manifest: { log: { whole: false } } });
      expect(faultsIn(verdict).join('\n')).toContain('the gateway itself found damaged');
      audit.clear();
      for (const [seq, text] of stored) audit.set(seq, text);
    }
  });

  it('that was written anew between two packs is found with the older one', async () => {
    const { gateway } = await playedEvening();
    const older = await fetchedPack(gateway);
    await changed(gateway, ACTOR, { kind: 'setFlow', flow: 'held' });
    const newer = await fetchedPack(gateway);
    expect(faultsIn(await checked(newer, { earlier: { name: 'older', pack: older } }))).toEqual([]);
    const forged = await fetchedPack((await playedEvening(['Kim Minsu'])).gateway);
    const verdict = await checked(forged, { earlier: { name: 'older', pack: older } });
    expect(faultsIn(verdict).join('\n')).toMatch(/does not begin with the 7 records of older/);
  });
});

describe('a store that fails', () => {
  it('before the first byte: the request is refused, and there is no pack', async () => {
    for (const table of ['history', 'view'] as const) {
      const { gateway } = await playedEvening();
      breakStore(gateway, table, 0);
      const response = await archiveOf(gateway);
      expect([response.status, response.headers.get('Content-Type')]).toEqual([503, 'application/problem+json']);
    }
  });

  it.each([['audit', 1] as const, ['audit', 2] as const, ['draw', 0] as const])(
    'while the pack is sent (%s, after %i reads): it breaks off, without a signature, and does not open',
    async (table, after) => {
      const { gateway } = await playedEvening();
      await pass(gateway, 12);
      breakStore(gateway, table, after - 1);
      const response = await archiveOf(gateway);
      expect(response.status).toBe(200);
      const received: Uint8Array[] = [];
      const reading = async () => {
        for await (const chunk of response.body ?? []) received.push(chunk);
      };
      await expect(reading()).rejects.toThrow('the test made it fail');
      const bytes = Buffer.concat(received);
      expect(bytes.length).toBeGreaterThan(0);
      expect(() => packOf(bytes)).toThrow();
      expect(bytes.includes('manifest.jws')).toBe(false);
    },
  );
});

/** Reads of this table fail after so many. */
function breakStore(gateway: InProcessGateway, table: 'audit' | 'draw' | 'history' | 'view', after: number): void {
  const { store } = gateway.parts;
  const fail = () => Promise.reject(new StoreUnavailable('the test made it fail'));
  let reads = 0;
  const inner = gateway.store.inner;
  if (table === 'view') {
    const read = store.view.bind(store);
    store.view = ((room, request) => (request.report === null ? fail() : read(room, request))) as RoomStore['view'];
    return;
  }
  store.rows = ((room: string, name: never, page: never) =>
    name === table && reads++ >= Math.max(0, after) ? fail() : inner.rows(room, name, page)) as RoomStore['rows'];
}

describe('keys', () => {
  it('that were rotated: a pack is signed with the present one, and both are in it', async () => {
    const keys = { keys: [await newSigningKey(0), await newSigningKey(NOON / 1000 - 60)] };
    const gateway = await startGateway({ keys });
    const made = await fetchedPack(gateway);
    expect(faultsIn(await checked(made))).toEqual([]);
    const { keys: published } = jsonFile<{ keys: { kid: string; d?: string }[] }>(made, 'jwks.json');
    expect(published.map(({ d }) => d)).toEqual([undefined, undefined]);
    const header = JSON.parse(
      Buffer.from(made.files.get('manifest.jws')?.toString('latin1').split('.')[0] ?? '', 'base64url').toString(),
    );
    expect(header).toEqual({ alg: 'ES256', typ: 'evidence+jws', kid: published[1]?.kid });
  });
});
