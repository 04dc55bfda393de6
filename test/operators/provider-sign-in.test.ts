// Signing in with an identity provider: who gets which role, what the provider has to answer, and which browser may bring its answer.

import { readFile } from 'node:fs/promises';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { SIGN_IN_MS } from '../../queue-core/limits.ts';
import {
  PROVIDER_CALLBACK_PATH,
  PROVIDER_START_PATH,
  type ProviderFailure,
} from '../../worker/contract/provider-addresses.ts';
import { Oidc, type OidcSettings } from '../../worker/operators/oidc.ts';
import { checkOidc } from '../../worker/setting-checks.ts';
import { type InProcessGateway, NOON, PUBLIC_URL } from '../gateway/in-process.ts';
import { ask, signIn, startGateway, withKey } from './operator-client.ts';

const ISSUER = 'https://id.example/realms/night';
const SECRET = 'secret of the client: ä&%';
const ROLES: OidcSettings['roles'] = {
  emails: { 'Kim@example.org': 'operator' },
  claim: { name: 'groups', scope: 'groups', roles: { watchers: 'viewer', leads: 'owner' } },
};

let pair: CryptoKeyPair;
let stranger: CryptoKeyPair;
beforeAll(async () => {
  pair = await generateKeyPair('RS256', { extractable: true });
  stranger = await generateKeyPair('RS256', { extractable: true });
});

/** A provider that a test makes wrong in one way. */
interface Provider {
  discovery: Record<string, unknown>;
  /** Of the ID token; `nonce` is what the browser brought. */
  claims: Record<string, unknown>;
  header: Record<string, unknown>;
  signedBy: CryptoKey;
  userInfo: Record<string, unknown> | null;
  tokenAnswer: (() => Response) | null;
  down: string[];
  /** Accepts requests and never answers. */
  silent: string[];
  /** Of the key that it publishes. */
  published: { kid: string; key: CryptoKey } | null;
  asked: { url: string; init: RequestInit }[];
}

let provider: Provider;
let settings: OidcSettings;
let gateway: InProcessGateway;

async function providerFetch(url: string, init: RequestInit): Promise<Response> {
  provider.asked.push({ url, init });
  const { pathname } = new URL(url);
  const path = pathname.replace('/realms/night', '');
  if (provider.down.includes(path)) throw new TypeError('no route to host');
  if (provider.silent.includes(path)) {
    return new Promise((_, reject) => {
      const stop = () => reject(init.signal?.reason);
      if (init.signal?.aborted) stop();
      init.signal?.addEventListener('abort', stop);
    });
  }
  switch (path) {
    case '/.well-known/openid-configuration':
      return Response.json({
        issuer: ISSUER,
        authorization_endpoint: `${ISSUER}/authorize?theme=night`,
        token_endpoint: `${ISSUER}/token`,
        jwks_uri: `${ISSUER}/keys`,
        userinfo_endpoint: `${ISSUER}/userinfo`,
        authorization_response_iss_parameter_supported: true,
        ...provider.discovery,
      });
    case '/keys': {
      const { published } = provider;
      if (published === null) return Response.json({ error: 'maintenance' });
      return Response.json({ keys: [{ ...(await exportJWK(published.key)), kid: published.kid, alg: 'RS256' }] });
    }
    case '/token': {
      if (provider.tokenAnswer !== null) return provider.tokenAnswer();
      const token = await new SignJWT(provider.claims)
        .setProtectedHeader({ alg: 'RS256', kid: 'one', ...provider.header })
        .sign(provider.signedBy);
      return Response.json({ id_token: token, access_token: 'opaque', token_type: 'Bearer' });
    }
    case '/userinfo':
      return provider.userInfo === null
        ? Response.json({ error: 'no' }, { status: 403 })
        : Response.json(provider.userInfo);
    default:
      return new Response('', { status: 404 });
  }
}

beforeEach(async () => {
  vi.spyOn(console, 'error').mockImplementation(() => {});
  provider = {
    discovery: {},
    claims: {
      ...{ iss: ISSUER, aud: 'fairgate', sub: 'subject-1', iat: NOON / 1000, exp: NOON / 1000 + 300 },
      ...{ email: 'KIM@example.org', email_verified: true, groups: [] },
    },
    header: {},
    signedBy: pair.privateKey,
    userInfo: null,
    tokenAnswer: null,
    down: [],
    silent: [],
    published: { kid: 'one', key: pair.publicKey },
    asked: [],
  };
  settings = { issuer: ISSUER, clientId: 'fairgate', clientSecret: SECRET, roles: structuredClone(ROLES) };
  gateway = await startGateway({ oidc: new Oidc(settings, PUBLIC_URL, providerFetch) });
});

const cookiesOf = (response: Response) => response.headers.getSetCookie().map((line) => line.split(';')[0] ?? '');

/** The first click. */
async function begin(headers: Record<string, string> = { 'Sec-Fetch-Site': 'same-origin' }) {
  const response = await gateway.request(PROVIDER_START_PATH, { headers });
  const location = response.headers.get('Location') ?? '';
  return {
    response,
    cookie: cookiesOf(response).join('; '),
    asked: URL.parse(location)?.searchParams ?? null,
    location,
  };
}

/** The provider sends the browser back. */
async function comeBack(cookie: string, answer: Record<string, string>) {
  const query = new URLSearchParams(answer);
  const response = await gateway.request(`${PROVIDER_CALLBACK_PATH}?${query}`, {
    headers: { Cookie: cookie, 'Sec-Fetch-Site': 'cross-site' },
  });
  const session = cookiesOf(response).find((one) => one.includes('fairgate-operator')) ?? null;
  const location = response.headers.get('Location') ?? '';
  return { response, session, failure: /#\/sign-in\/(\w+)$/.exec(location)?.[1] ?? null, location };
}

/** All of it. @param answer changes of what the provider sends the browser back with */
async function signInWith(answer: Record<string, string> = {}) {
  const { cookie, asked } = await begin();
  const [state = '', nonce = ''] = [asked?.get('state') ?? '', asked?.get('nonce') ?? ''];
  const { claims } = provider;
  provider.claims = { nonce, ...claims };
  const back = await comeBack(cookie, { code: 'code-1', state, iss: ISSUER, ...answer });
  provider.claims = claims;
  return back;
}

async function operatorOf(session: string | null) {
  const { status, document } = await ask(gateway, 'session', { headers: { Cookie: session ?? '' } });
  return status === 200 ? (document as { operator: { id: string; name: string; role: string } }).operator : null;
}

describe('a sign-in', () => {
  it('leads to the provider with PKCE, state and nonce, and back into the console with a session', async () => {
    const { response, asked, location, cookie } = await begin();
    expect(response.status).toBe(303);
    expect(location.startsWith(`${ISSUER}/authorize?theme=night&`)).toBe(true);
    expect(Object.fromEntries(asked ?? [])).toMatchObject({
      ...{ response_type: 'code', client_id: 'fairgate', scope: 'openid email groups', code_challenge_method: 'S256' },
      redirect_uri: `${PUBLIC_URL}${PROVIDER_CALLBACK_PATH}`,
    });
    expect(response.headers.getSetCookie()[0]).toMatch(/HttpOnly; SameSite=Lax/);
    const verifier = cookie.split('.')[2] ?? '';
    const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(verifier));
    expect(asked?.get('code_challenge')).toBe(Buffer.from(digest).toString('base64url'));

    provider.claims = { nonce: asked?.get('nonce'), ...provider.claims };
    const back = await comeBack(cookie, { code: 'code-1', state: asked?.get('state') ?? '', iss: ISSUER });
    expect([back.response.status, back.location, back.failure]).toEqual([303, '/_fairgate/console/', null]);
    expect(back.response.headers.getSetCookie().some((line) => /fairgate-provider=; Max-Age=0/.test(line))).toBe(true);
    expect(await operatorOf(back.session)).toEqual({
      ...{ id: 'oidc:kim@example.org', name: 'kim@example.org', role: 'operator', rooms: null },
    });
    const exchange = provider.asked.find(({ url }) => url.endsWith('/token'))?.init;
    expect(String(exchange?.body)).toContain(`code_verifier=${verifier}`);
    const basic = new Headers(exchange?.headers).get('Authorization')?.replace('Basic ', '') ?? '';
    expect(decodeURIComponent(atob(basic).replaceAll('+', ' '))).toBe(`fairgate:${SECRET}`);
  });

  it('is in the log with the name of the person, and so is what they do', async () => {
    const { session } = await signInWith();
    const browser = { Cookie: session ?? '', Origin: PUBLIC_URL, Host: new URL(PUBLIC_URL).host };
    expect((await ask(gateway, 'pause', { headers: { ...browser, 'Sec-Fetch-Site': 'same-origin' } })).status).toBe(
      200,
    );
    const directory = (await ask(gateway, 'directoryAudit', { headers: withKey() })).document as { records: unknown[] };
    expect(directory.records.at(-1)).toMatchObject({ by: { name: 'kim@example.org' }, action: 'signIn' });
    const room = (await ask(gateway, 'audit', { headers: withKey() })).document as { records: unknown[] };
    expect(room.records.at(-1)).toMatchObject({ by: { name: 'kim@example.org', role: 'operator' } });
  });

  it('ends at its time, by a sign-out, and at once where the settings no longer have its role', async () => {
    const browser = (session: string | null) => ({
      ...{ Cookie: session ?? '', Origin: PUBLIC_URL, Host: new URL(PUBLIC_URL).host, 'Sec-Fetch-Site': 'same-origin' },
    });
    const [first, second] = [await signInWith(), await signInWith()];
    expect((await ask(gateway, 'signOut', { headers: browser(first.session) })).status).toBe(204);
    expect([await operatorOf(first.session), (await operatorOf(second.session))?.role]).toEqual([null, 'operator']);
    settings.roles.emails = { 'other@example.org': 'owner' };
    expect(await operatorOf(second.session)).toBeNull();
    settings.roles.emails = ROLES.emails;
    gateway.clock.advance(SIGN_IN_MS);
    expect(await operatorOf(second.session)).toBeNull();
  });

  it('works where the provider takes the secret in the body, and keeps claims for UserInfo', async () => {
    provider.discovery = { token_endpoint_auth_methods_supported: ['client_secret_post'] };
    const { email, email_verified, groups, ...bare } = provider.claims;
    provider.claims = bare;
    provider.userInfo = { sub: 'subject-1', email, email_verified: 'true', groups };
    expect((await operatorOf((await signInWith()).session))?.name).toBe('kim@example.org');
    const exchange = provider.asked.find(({ url }) => url.endsWith('/token'))?.init;
    expect(new URLSearchParams(String(exchange?.body)).get('client_secret')).toBe(SECRET);
    expect(new Headers(exchange?.headers).has('Authorization')).toBe(false);
  });

  it('works at once after the provider has rotated its keys', async () => {
    expect((await signInWith()).failure).toBeNull();
    gateway.clock.advance(60_000);
    provider.published = { kid: 'two', key: stranger.publicKey };
    [provider.signedBy, provider.header] = [stranger.privateKey, { kid: 'two' }];
    expect((await signInWith()).failure).toBeNull();
    // The former key is no longer published, so it no longer counts.
    [provider.signedBy, provider.header] = [pair.privateKey, { kid: 'one' }];
    expect((await signInWith()).failure).toBe('provider');
  });

  it('goes on with the keys of before where the provider publishes none for a while', async () => {
    expect((await signInWith()).failure).toBeNull();
    gateway.clock.advance(60_000);
    provider.published = null;
    provider.header = { kid: 'unknown' };
    expect((await signInWith()).failure).toBe('provider');
    provider.header = {};
    expect((await signInWith()).failure).toBeNull();
  });

  it('takes an address and its verification from one document, not from two', async () => {
    const { email, email_verified, ...bare } = provider.claims;
    provider.claims = { ...bare, email };
    provider.userInfo = { sub: 'subject-1', email: 'else@example.org', email_verified };
    expect((await signInWith()).failure).toBe('noRole');
    provider.claims = { ...bare, email_verified };
    provider.userInfo = { sub: 'subject-1', email };
    expect((await signInWith()).failure).toBe('unverified');
  });
});

describe('the role', () => {
  const of = async (claims: Record<string, unknown>) => {
    provider.claims = { ...provider.claims, ...claims };
    const { session, failure } = await signInWith();
    return failure ?? (await operatorOf(session));
  };

  it('is that of the address, before that of a claim', async () => {
    expect(await of({ groups: ['leads'] })).toMatchObject({ role: 'operator' });
  });

  it('is the largest that the claim gives', async () => {
    const claims = { email: 'lee@example.org', groups: ['none', 'watchers', 'leads'] };
    expect(await of(claims)).toEqual({
      id: 'oidc:lee@example.org#leads',
      name: 'lee@example.org',
      role: 'owner',
      rooms: null,
    });
  });

  it('may be a text of its own', async () => {
    expect(await of({ email: 'lee@example.org', groups: 'watchers' })).toMatchObject({ role: 'viewer' });
  });

  it.each<[string, Record<string, unknown>]>([
    ['an address that is not verified', { email_verified: false }],
    ['an address of which the provider says nothing', { email_verified: undefined }],
    ['the word "false"', { email_verified: 'false' }],
    ['no address', { email: undefined }],
    ['something that is no address', { email: 'kim' }],
  ])('is none for %s', async (_, claims) => {
    provider.userInfo = { sub: 'subject-1' };
    expect(await of(claims)).toBe('unverified');
  });

  it('that a claim gives needs no verified address: the subject then stands in the name, and nobody can choose that', async () => {
    const claims = { email_verified: undefined, preferred_username: 'kim@example.org', groups: ['watchers'] };
    provider.userInfo = { sub: 'subject-1' };
    const name = 'kim@example.org [subject-1]';
    expect(await of(claims)).toEqual({ id: `oidc:${name}#watchers`, name, role: 'viewer', rooms: null });
  });

  it.each<[string, Record<string, unknown>]>([
    ['an address without one', { email: 'lee@example.org' }],
    ['a group without one', { email: 'lee@example.org', groups: ['none'] }],
    ['a name that every object has', { email: 'lee@example.org', groups: ['constructor', '__proto__'] }],
    ['a group hidden in a name', { email: 'lee@example.org', groups: ['x#leads'] }],
  ])('is none for %s', async (_, claims) => {
    expect(await of(claims)).toBe('noRole');
  });

  it('of a name cannot be made up by what somebody calls themselves', async () => {
    const claims = { email_verified: false, preferred_username: 'a#leads', groups: ['watchers'] };
    expect(await of(claims)).toMatchObject({ role: 'viewer', name: 'a_leads [subject-1]' });
  });
});

describe('an answer of the provider', () => {
  it.each<[string, () => void, ProviderFailure]>([
    ['signed by somebody else', () => (provider.signedBy = stranger.privateKey), 'provider'],
    ['of another issuer', () => (provider.claims['iss'] = 'https://id.example'), 'provider'],
    ['for another client', () => (provider.claims['aud'] = 'other'), 'provider'],
    [
      'for several clients, without saying for which',
      () => (provider.claims['aud'] = ['fairgate', 'other']),
      'provider',
    ],
    [
      'for several clients, and issued to this one',
      () => Object.assign(provider.claims, { aud: ['fairgate', 'other'], azp: 'fairgate' }),
      'provider',
    ],
    ['issued to another client', () => (provider.claims['azp'] = 'other'), 'provider'],
    ['of another sign-in', () => (provider.claims['nonce'] = 'other'), 'provider'],
    ['without an end', () => delete provider.claims['exp'], 'provider'],
    ['that has ended', () => (provider.claims['exp'] = NOON / 1000 - 120), 'provider'],
    ['of an hour ago', () => (provider.claims['iat'] = NOON / 1000 - 3_600), 'provider'],
    ['without a subject', () => delete provider.claims['sub'], 'provider'],
    ['that is another kind of token', () => (provider.header['typ'] = 'at+jwt'), 'provider'],
    ['without an ID token', () => (provider.tokenAnswer = () => Response.json({ access_token: 'a' })), 'provider'],
    ['that is no JSON', () => (provider.tokenAnswer = () => new Response('<html>')), 'provider'],
    [
      'of a megabyte',
      () => (provider.tokenAnswer = () => Response.json({ id_token: 'a'.repeat(2 ** 20) })),
      'provider',
    ],
    [
      'that redirects',
      () =>
        (provider.tokenAnswer = () =>
          new Response(null, { status: 307, headers: { Location: 'https://evil.example' } })),
      'provider',
    ],
    [
      'that refuses the code',
      () => (provider.tokenAnswer = () => Response.json({ error: 'invalid_grant' }, { status: 400 })),
      'declined',
    ],
    [
      'that refuses the client',
      () => (provider.tokenAnswer = () => Response.json({ error: 'invalid_client' }, { status: 401 })),
      'provider',
    ],
    ['that does not come: keys', () => provider.down.push('/keys'), 'provider'],
    ['that does not come: tokens', () => provider.down.push('/token'), 'provider'],
  ])('%s gives no session, and its reason is in the log without anything secret', async (_, spoil, failure) => {
    spoil();
    const back = await signInWith();
    expect([back.failure, back.session]).toEqual([failure, null]);
    const logged = vi.mocked(console.error).mock.calls.flat().join(' ');
    expect(logged).toContain('Sign-in with id.example refused:');
    expect(logged).not.toMatch(/code-1|eyJ|secret of/);
  });

  it.each<[string, Record<string, unknown>]>([
    ['of another issuer', { issuer: 'https://id.example' }],
    ['with an endpoint without TLS', { token_endpoint: 'http://id.example/token' }],
    ['with an endpoint on this machine', { token_endpoint: 'http://127.0.0.1/token' }],
    ['without keys', { jwks_uri: undefined }],
  ])('that is a discovery document %s leads nowhere', async (_, discovery) => {
    provider.discovery = discovery;
    expect((await begin()).location).toBe('/_fairgate/console/#/sign-in/provider');
  });

  it('that is a discovery document and does not come leads nowhere', async () => {
    provider.down = ['/.well-known/openid-configuration'];
    expect((await begin()).location).toBe('/_fairgate/console/#/sign-in/provider');
  });

  it.each(['/.well-known/openid-configuration', '/token', '/keys', '/userinfo'])(
    'that never comes is waited for some seconds: %s',
    async (path) => {
      delete provider.claims['groups'];
      provider.silent = [path];
      const limits: number[] = [];
      vi.spyOn(AbortSignal, 'timeout').mockImplementation((ms) => {
        limits.push(ms);
        return AbortSignal.abort(new DOMException('timed out', 'TimeoutError'));
      });
      onTestFinished(() => vi.mocked(AbortSignal.timeout).mockRestore());
      expect((await signInWith()).session).toBeNull();
      expect(provider.asked.some(({ url, init }) => url.endsWith(path) && init.signal?.aborted)).toBe(true);
      expect(Math.max(...limits)).toBeLessThanOrEqual(5_000);
    },
  );

  it.each([5, {}, null, true, '', 'x'.repeat(256), 'a\nb'])('whose subject is %j gives no session', async (sub) => {
    provider.claims['sub'] = sub;
    expect((await signInWith()).failure).toBe('provider');
  });

  it('about somebody else by UserInfo gives no session', async () => {
    delete provider.claims['groups'];
    provider.userInfo = { sub: 'subject-2', groups: ['leads'] };
    expect((await signInWith()).failure).toBe('provider');
  });

  it.each<[string, Record<string, string>, ProviderFailure]>([
    ['that names another issuer', { iss: 'https://evil.example' }, 'provider'],
    ['that says no', { code: '', error: 'access_denied' }, 'declined'],
    ['without a code', { code: '' }, 'provider'],
    ['with the state of another sign-in', { state: 'other' }, 'notBegun'],
    ['without a state', { state: '' }, 'notBegun'],
  ])('%s gives no session', async (_, answer, failure) => {
    const back = await signInWith(answer);
    expect([back.failure, back.session]).toEqual([failure, null]);
  });

  it('that must name the issuer and does not gives no session; that of a provider that never does, does', async () => {
    const { cookie, asked } = await begin();
    provider.claims = { nonce: asked?.get('nonce'), ...provider.claims };
    const answer = { code: 'code-1', state: asked?.get('state') ?? '' };
    expect((await comeBack(cookie, answer)).failure).toBe('provider');
    provider.discovery = { authorization_response_iss_parameter_supported: false };
    gateway.clock.advance(3_600_000);
    const again = await begin();
    const seconds = NOON / 1000 + 3_600;
    provider.claims = { ...provider.claims, nonce: again.asked?.get('nonce'), iat: seconds, exp: seconds + 60 };
    const back = await comeBack(again.cookie, { code: 'code-1', state: again.asked?.get('state') ?? '' });
    expect(back.failure).toBeNull();
  });
});

describe('the browser', () => {
  const ready = async () => {
    const begun = await begin();
    provider.claims = { nonce: begun.asked?.get('nonce'), ...provider.claims };
    return { ...begun, answer: { code: 'code-1', state: begun.asked?.get('state') ?? '', iss: ISSUER } };
  };

  it('is the one that began: an answer in another one is refused, and its code is not used', async () => {
    const { answer } = await ready();
    const other = await begin();
    for (const cookie of ['', other.cookie]) expect((await comeBack(cookie, answer)).failure).toBe('notBegun');
    expect(provider.asked.some(({ url }) => url.endsWith('/token'))).toBe(false);
  });

  it('comes back within ten minutes', async () => {
    const { answer, cookie } = await ready();
    gateway.clock.advance(10 * 60_000);
    expect((await comeBack(cookie, answer)).failure).toBe('notBegun');
  });

  it('begins in the console: what another site embeds or links begins nothing', async () => {
    for (const site of ['cross-site', 'same-site']) {
      const { cookie, location } = await begin({ 'Sec-Fetch-Site': site });
      expect([cookie, location]).toEqual(['', '/_fairgate/console/']);
    }
    expect(provider.asked).toEqual([]);
  });

  it('is slowed down after ten tries of its network', async () => {
    const tries = [];
    for (let count = 0; count < 12; count++) tries.push((await begin()).location);
    expect(tries.filter((location) => location.endsWith('#/sign-in/tooMany')).length).toBe(2);
  });

  it('comes back where it could begin, also as the tenth of its network', async () => {
    for (let person = 1; person <= 10; person++) expect((await signInWith()).failure).toBeNull();
    const { response } = await begin();
    expect(response.headers.get('Location')).toBe('/_fairgate/console/#/sign-in/tooMany');
  });

  it('with answers that it makes up is slowed down too, before the provider is asked', async () => {
    const { answer, cookie } = await ready();
    provider.tokenAnswer = () => Response.json({ error: 'invalid_grant' }, { status: 400 });
    const failures = [];
    for (let count = 0; count < 12; count++) failures.push((await comeBack(cookie, answer)).failure);
    expect(failures).toEqual([...Array(10).fill('declined'), 'tooMany', 'tooMany']);
    expect(provider.asked.filter(({ url }) => url.endsWith('/token')).length).toBe(10);
  });

  it('gets no session while the sign-in cannot be recorded', async () => {
    const { answer, cookie } = await ready();
    gateway.store.mode = 'fails';
    const back = await comeBack(cookie, answer);
    expect([back.failure, back.session]).toEqual(['unrecorded', null]);
  });
});

it('a session that a claim gave ends where the settings name its person meanwhile', async () => {
  Object.assign(provider.claims, { email: 'lee@example.org', groups: ['leads'] });
  const { session } = await signInWith();
  expect((await operatorOf(session))?.role).toBe('owner');
  settings.roles.emails = { 'lee@example.org': 'viewer' };
  expect(await operatorOf(session)).toBeNull();
});

it.each(['email', 'preferred_username', 'name', 'iss', 'aud'])('a role by the claim "%s" is refused', (name) => {
  const problems: string[] = [];
  const roles = JSON.stringify({ claim: { name, scope: null, roles: { x: 'owner' } } });
  checkOidc({ OIDC_ISSUER: ISSUER, OIDC_CLIENT_ID: 'a', OIDC_CLIENT_SECRET: SECRET, OIDC_ROLES: roles }, problems);
  expect(problems.join()).toMatch(/OIDC_ROLES claim\.name/);
});

it('the settings of every recipe in the documents are accepted', async () => {
  const text = await readFile(new URL('../../docs/operators.md', import.meta.url), 'utf8');
  const recipes = [...text.matchAll(/^OIDC_ISSUER=(.+)\n(?:OIDC_CLIENT_.+\n)*OIDC_ROLES=(.+)$/gm)];
  expect(recipes.length).toBe(4);
  for (const [, OIDC_ISSUER, OIDC_ROLES] of recipes) {
    const problems: string[] = [];
    const env = { OIDC_ISSUER, OIDC_CLIENT_ID: 'fairgate', OIDC_CLIENT_SECRET: SECRET, OIDC_ROLES };
    expect([checkOidc(env, problems)?.issuer, problems]).toEqual([OIDC_ISSUER, []]);
  }
});

it('begins and ends on the host of the console, where that has one of its own', async () => {
  const consoleUrl = 'https://console.test';
  const own = await startGateway({ consoleUrl, oidc: new Oidc(settings, consoleUrl, providerFetch) });
  const at = (path: string, origin: string) =>
    own.request(path, { headers: { 'Sec-Fetch-Site': 'same-origin', Host: new URL(origin).host } }, origin);
  const begun = await at(PROVIDER_START_PATH, consoleUrl);
  const asked = new URL(begun.headers.get('Location') ?? '').searchParams;
  expect(asked.get('redirect_uri')).toBe(`${consoleUrl}${PROVIDER_CALLBACK_PATH}`);
  for (const path of [PROVIDER_START_PATH, `${PROVIDER_CALLBACK_PATH}?code=1&state=${asked.get('state')}`]) {
    const response = await at(path, PUBLIC_URL);
    expect([response.status, response.headers.getSetCookie()]).toEqual([404, []]);
  }
});

it('without a provider in the settings the addresses are none', async () => {
  const plain = await startGateway();
  for (const path of [PROVIDER_START_PATH, `${PROVIDER_CALLBACK_PATH}?code=1`]) {
    expect((await plain.request(path)).status).toBe(401);
  }
  expect((await ask(plain, 'session', { headers: await signIn(plain) })).status).toBe(200);
});
