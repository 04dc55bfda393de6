// Every verifier, of the package and of other languages, against one table of tokens: all admit and refuse the same, for the same
// reason. Then tokens that were changed at random, keys that cannot be had, and keys that change.

import { once } from 'node:events';
import { Agent, createServer, type IncomingMessage, request, type Server } from 'node:http';
import { text } from 'node:stream/consumers';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listenOnLoopback } from '../../scripts/lib/loopback-ports.ts';
import { encode } from './issuer.ts';
import { type CaseIssuer, createCaseIssuer, otherSpelling, ROOM, tokenCases, VISITOR } from './token-cases.ts';
import {
  pythonVerdicts,
  REFUSED_AT_START,
  type Site,
  VERIFIERS,
  type Verifier,
  WRONGLY_SET,
} from './verifier-sites.ts';

const agent = new Agent({ keepAlive: true, maxSockets: 8 });

/** What the gateway answers when it is asked for its keys. */
interface KeyServer {
  url: string;
  requests: number;
  respond: { status: number; body: string; headers?: Record<string, string> };
  server: Server;
}

async function startKeyServer(keys: object): Promise<KeyServer> {
  const keyServer: KeyServer = {
    url: '',
    requests: 0,
    respond: { status: 200, body: JSON.stringify(keys) },
    server: createServer((_, response) => {
      keyServer.requests++;
      const { status, body, headers = {} } = keyServer.respond;
      response.writeHead(status, { 'Content-Type': 'application/json', Connection: 'close', ...headers }).end(body);
    }),
  };
  keyServer.url = `http://127.0.0.1:${await listenOnLoopback(keyServer.server)}/.well-known/jwks.json`;
  return keyServer;
}

async function ask({ port }: Pick<Site, 'port'>, fields: readonly string[], path = '/', method = 'GET') {
  const headers = fields.length === 0 ? {} : { 'Fairgate-Admission': [...fields] };
  const sent = request({ host: '127.0.0.1', port, agent, path, method, headers });
  sent.end();
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  return { status: response.statusCode ?? 0, headers: response.headers, body: await text(response) };
}

/** As a word: admitted, a reason, or unavailable. */
async function verdictOf(
  site: Site,
  fields: readonly string[],
  { isSilent }: Pick<Verifier, 'isSilent'> = {},
): Promise<string> {
  const { status, body } = await ask(site, fields);
  if (status === 200) return body.startsWith('visitor ') ? 'admitted' : `200 ${body}`;
  if (status === 403 && isSilent) return 'refused';
  const problem = body.startsWith('{') ? (JSON.parse(body) as { type: string; reason?: string }) : { type: body };
  if (status === 403) return problem.reason ?? `403 ${problem.type}`;
  return status === 503 && problem.type.endsWith('/keys-unavailable') ? 'unavailable' : `${status} ${problem.type}`;
}

const isFetching = ({ hasKeyFiles }: Verifier) => !hasKeyFiles;

let issuer: CaseIssuer;
let cases: Awaited<ReturnType<typeof tokenCases>>;
let keys: KeyServer;
const sites = new Map<string, Site>();
const siteOf = ({ name }: Verifier): Site => {
  const site = sites.get(name);
  if (site === undefined) throw new Error(`${name} did not start.`);
  return site;
};

beforeAll(async () => {
  issuer = await createCaseIssuer();
  cases = await tokenCases(issuer);
  keys = await startKeyServer(issuer.jwks());
  await Promise.all(
    VERIFIERS.map(async (verifier) => sites.set(verifier.name, await verifier.start(keys.url, { room: ROOM }))),
  );
});

afterAll(async () => {
  agent.destroy();
  await Promise.all([...sites.values()].map((site) => site.stop()));
  keys.server.close();
});

describe.each(VERIFIERS)('$name', (verifier) => {
  it('judges every token of the table as all others do', async () => {
    const differing: string[] = [];
    for (const { name, rule, fields, expected } of cases) {
      const isRefusedHere = expected === 'admitted' && verifier.refuses?.test(name);
      const wanted = isRefusedHere || (verifier.isSilent && expected !== 'admitted') ? 'refused' : expected;
      const verdict = await verdictOf(siteOf(verifier), fields, verifier);
      if (verdict !== wanted) differing.push(`rule ${rule}, ${name}: ${verdict}, not ${wanted}`);
    }
    expect(differing).toEqual([]);
  });

  it('tells the site who the visitor is', async () => {
    expect((await ask(siteOf(verifier), [await issuer.token()])).body).toBe(`visitor ${VISITOR}`);
  });

  it.runIf(!verifier.isSilent)(
    'refuses with a problem document that no cache keeps, and HEAD without one',
    async () => {
      const { status, headers, body } = await ask(siteOf(verifier), []);
      expect(status).toBe(403);
      expect(headers).toMatchObject({ 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' });
      expect(headers['content-type']).toBe('application/problem+json');
      expect(JSON.parse(body)).toMatchObject({
        type: 'https://fairgate.dev/problems/no-admission',
        status: 403,
        title: 'Please enter through the waiting room',
        reason: 'missing',
      });
      for (const method of ['HEAD', 'POST', 'DELETE', 'OPTIONS']) {
        const other = await ask(siteOf(verifier), [], '/anything', method);
        expect([method, other.status, method === 'HEAD' ? other.body : '']).toEqual([method, 403, '']);
      }
    },
  );
});

describe('a site that is set wrongly is closed', () => {
  it.each(WRONGLY_SET)('$name', async ({ closed }) => {
    const site = await closed(keys.url);
    try {
      for (const fields of [[], [await issuer.token()]]) expect(await verdictOf(site, fields)).toBe('unavailable');
    } finally {
      await site.stop();
    }
  });

  it.each(REFUSED_AT_START)('%s', async (_, start, problem) => {
    await expect(start()).rejects.toThrow(problem);
  });
});

it('a withdrawn key ends after ten minutes, and the time of a slot counts to the millisecond, by Python’s clock', async () => {
  const [server, next] = [await startKeyServer(issuer.jwks()), await createCaseIssuer()];
  const at = 1_637_000_000;
  const token = (times: object) =>
    issuer.sign(
      { alg: 'ES256', typ: 'admission+jwt', kid: issuer.key.kid },
      issuer.claims({ iat: at, nbf: at, exp: at + 9_000, ...times }),
    );
  const times = [{ nbf: at + 30 }, { nbf: at + 30.001 }, { exp: at - 29.999 }, { exp: at - 30 }, {}];
  const tokens = await Promise.all(times.map(token));
  try {
    const verdicts = await pythonVerdicts(
      server.url,
      (ask) => [
        ...tokens.map((one) => ask(at, one)),
        // From here on the gateway publishes another key.
        'withdraw',
        ask(at + 599, tokens[4] ?? ''),
        ask(at + 601, tokens[4] ?? ''),
      ],
      () => {
        server.respond = { status: 200, body: JSON.stringify({ keys: [next.key.publicJwk] }) };
      },
    );
    expect(verdicts).toEqual(['admitted', 'early', 'admitted', 'expired', 'admitted', 'admitted', 'key']);
  } finally {
    server.server.close().closeAllConnections();
  }
});

it('a WebSocket without a token is closed before it is accepted, by Python’s ASGI', async () => {
  const asgi = VERIFIERS.find(({ name }) => name === 'Python, ASGI') ?? { name: '' };
  const site = sites.get(asgi.name) ?? { port: 0 };
  expect(await ask(site, [], '/socket')).toMatchObject({ status: 403, body: 'websocket.close' });
  expect(await ask(site, [await issuer.token()], '/socket')).toMatchObject({ body: 'http.response.start' });
});

describe('tokens that were changed at random', () => {
  let goodParts: string[] = [];
  let otherParts: string[] = [];
  /** Texts that a header field can carry as they are. */
  const characters = fc.string({
    unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)),
    minLength: 1,
    maxLength: 8,
  });
  const json = fc.dictionary(
    fc.constantFrom('alg', 'typ', 'kid', 'crit', 'jwk', 'iss', 'aud', 'sub', 'exp', 'nbf', 'sid', 'x'),
    fc.jsonValue({ maxDepth: 1 }),
    { maxKeys: 4 },
  );
  const change = fc.oneof(
    fc.record({
      kind: fc.constant('put' as const),
      at: fc.double({ min: 0, max: 1, noNaN: true }),
      gone: fc.nat(3),
      put: characters,
    }),
    fc.record({
      kind: fc.constant('cut' as const),
      from: fc.double({ min: 0, max: 1, noNaN: true }),
      length: fc.integer({ min: 1, max: 90 }),
    }),
    fc.record({ kind: fc.constant('mix' as const), part: fc.nat(2) }),
    fc.record({ kind: fc.constant('header' as const), json }),
    fc.record({ kind: fc.constant('payload' as const), json }),
    fc.record({ kind: fc.constant('flip' as const), bit: fc.nat(511) }),
  );

  type Change = typeof change extends fc.Arbitrary<infer T> ? T : never;

  function changed(token: string, one: Change): string {
    const parts = token.split('.');
    const at = (share: number) => Math.floor(share * token.length);
    switch (one.kind) {
      case 'put':
        return token.slice(0, at(one.at)) + one.put + token.slice(at(one.at) + one.gone);
      case 'cut':
        return token.slice(0, at(one.from)) + token.slice(at(one.from) + one.length);
      case 'mix':
        return goodParts.map((part, index) => (index === one.part ? otherParts[index] : part)).join('.');
      case 'header':
        return [encode({ ...decoded(goodParts[0]), ...one.json }), ...parts.slice(1)].join('.');
      case 'payload':
        return [parts[0], encode({ ...decoded(goodParts[1]), ...one.json }), ...parts.slice(2)].join('.');
      case 'flip': {
        const signature = Buffer.from(parts[2] ?? '', 'base64url');
        const byte = Math.floor(one.bit / 8);
        if (byte < signature.length) signature[byte] = (signature[byte] ?? 0) ^ (1 << (one.bit % 8));
        return [parts[0], parts[1], signature.toString('base64url')].join('.');
      }
    }
  }

  it('are never admitted, by any verifier', async () => {
    const [good, other] = [await issuer.token(), await issuer.token({ sub: 'another', position: 9 })];
    const valid = new Set([good, other, otherSpelling(good), otherSpelling(other)]);
    [goodParts, otherParts] = [good.split('.'), other.split('.')];
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 3 }), async (changes) => {
        const token = changes.reduce((text, one) => changed(text, one), good);
        // Two changes may undo each other, and JSON that says the same is the same bytes.
        fc.pre(token !== '' && !valid.has(token));
        const verdicts = await Promise.all(VERIFIERS.map((verifier) => verdictOf(siteOf(verifier), [token], verifier)));
        const reasons = new Set(verdicts.filter((_, index) => !VERIFIERS[index]?.isSilent));
        expect(verdicts).not.toContain('admitted');
        expect([...reasons]).toHaveLength(1);
      }),
      { numRuns: 120, endOnFailure: true },
    );
  });
});

function decoded(part = ''): object {
  return JSON.parse(Buffer.from(part, 'base64url').toString()) as object;
}

describe.concurrent.each(VERIFIERS.filter(isFetching))('the keys of $name', (verifier) => {
  it('are unavailable, and nobody is admitted, while the gateway returns anything but a key set; then they are used', async ({
    expect,
  }) => {
    const jwks = issuer.jwks();
    const elsewhere = await startKeyServer(jwks);
    const failing = await startKeyServer({});
    failing.respond = { status: 500, body: JSON.stringify(jwks) };
    const site = await verifier.start(failing.url);
    const token = await issuer.token();
    const failures: KeyServer['respond'][] = [
      failing.respond,
      { status: 302, body: '', headers: { Location: elsewhere.url } },
      { status: 200, body: '<html>' },
      { status: 200, body: '{"keys":7}' },
      { status: 200, body: '[]' },
      { status: 200, body: JSON.stringify({ keys: [issuer.key.publicJwk, issuer.key.publicJwk] }) },
      { status: 200, body: JSON.stringify({ ...jwks, padding: 'x'.repeat(65_536) }) },
    ];
    try {
      for (const failure of failures) {
        failing.respond = failure;
        const before = failing.requests;
        // Until the keys have been asked for again: after a failure that takes a moment.
        await expect
          .poll(async () => {
            const verdict = await verdictOf(site, [token]);
            return verdict === 'unavailable' ? failing.requests > before : `${failure.body.slice(0, 20)}: ${verdict}`;
          })
          .toBe(true);
      }
      expect(elsewhere.requests).toBe(0);
      const { headers } = await ask(site, [token]);
      expect(headers['retry-after']).toBe('5');
      failing.respond = { status: 200, body: JSON.stringify(jwks) };
      await expect.poll(() => verdictOf(site, [token])).toBe('admitted');
    } finally {
      await site.stop();
      for (const { server } of [failing, elsewhere]) server.close().closeAllConnections();
    }
  });

  it('change without a restart: a new one is found, and unknown ids cause hardly a request', async ({ expect }) => {
    const next = await createCaseIssuer();
    const server = await startKeyServer(issuer.jwks());
    const site = await verifier.start(server.url);
    try {
      const [token, later] = [await issuer.token(), await next.token()];
      expect(await verdictOf(site, [token])).toBe('admitted');
      // Published, and looked for at once by many requests with unknown ids.
      const begun = performance.now();
      server.respond = { status: 200, body: JSON.stringify({ keys: [issuer.key.publicJwk, next.key.publicJwk] }) };
      const unknown = await Promise.all(
        Array.from({ length: 40 }, (_, index) =>
          issuer.sign({ alg: 'ES256', typ: 'admission+jwt', kid: `k${index}` }, issuer.claims()),
        ),
      );
      await expect
        .poll(async () => {
          const verdicts = await Promise.all(unknown.map((one) => verdictOf(site, [one])));
          expect(verdicts).toEqual(unknown.map(() => 'key'));
          expect(await verdictOf(site, [token])).toBe('admitted');
          return verdictOf(site, [later]);
        })
        .toBe('admitted');
      const elapsed = (performance.now() - begun) / 1_000;
      // The first, one in five seconds of this clock or the verifier's own, and nginx keeps two copies.
      expect(server.requests).toBeLessThanOrEqual(Math.ceil(elapsed / 5) + 3);
    } finally {
      await site.stop();
      server.server.close().closeAllConnections();
    }
  });
});
