// Authenticates operators with any OpenID Connect provider: discovery, the authorization code flow with PKCE, the ID token by the
// provider's keys (OpenID Connect Core 1.0, RFC 7636, RFC 8725, RFC 9207). Who has which role is in the settings, by the mail address
// or by the values of a claim. An address names somebody only if the provider calls it verified; else their `sub` does.

import { decodeProtectedHeader } from 'jose';
import * as z from 'zod';
import type { Actor } from '../../queue-core/audit.ts';
import type { EpochMs } from '../../queue-core/time.ts';
import { isLoopback } from '../contract/loopback.ts';
import { allows, type Role, roleSchema } from '../contract/operator-api.ts';
import { PROVIDER_CALLBACK_PATH, type ProviderFailure } from '../contract/provider-addresses.ts';
import { boundedBody } from '../http/bounded-body.ts';
import { RemoteKeys } from './remote-keys.ts';

/** Endpoints change when a provider is moved, which is announced. */
const DISCOVERY_MS = 60 * 60_000;

/** Each request to the provider; a sign-in makes four at most. */
const FETCH_MS_MAX = 5_000;

/** Tokens with many groups have tens of kilobytes. */
const ANSWER_BYTES_MAX = 256 * 1024;

/** From its issue to its check it takes seconds; clocks differ by less than the tolerance. */
const ID_TOKEN_SECONDS_MAX = 600;
const CLOCK_TOLERANCE_SECONDS = 60;

/** Signatures with key pairs only: a token signed with the client's secret proves nothing about the provider (RFC 8725, 3.1). */
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'];

/** Prefix of operators' ids; the ids of keys have no colon. */
const ID_PREFIX = 'oidc:';

/** Characters of a claim's value: it is part of an operator's id. */
const CLAIM_VALUE_CHARS_MAX = 64;

/** Of a name that stands in the log before the subject. */
const CALLED_CHARS_MAX = 64;

/** Claims that anybody writes into their profile, or that say nothing of a person. */
const NO_ROLE_BY = [
  'email',
  'preferred_username',
  'name',
  'nickname',
  'given_name',
  'family_name',
  'iss',
  'aud',
  'azp',
  'nonce',
];
const isGivenByProvider = (name: string) => !NO_ROLE_BY.includes(name);

const value = z.string().min(1).max(CLAIM_VALUE_CHARS_MAX);

export const oidcRolesSchema = z
  .strictObject({
    /** Counts before a claim. */
    emails: z.record(z.email(), roleSchema).default({}),
    /** A claim of the ID token or of UserInfo: a text, or a list of texts. `scope` is asked for beside `openid email`. */
    claim: z
      .strictObject({
        name: value.refine(
          isGivenByProvider,
          'is what people choose themselves, or is the same for everybody: name a claim that the provider gives',
        ),
        scope: value.nullable().default(null),
        roles: z.record(value, roleSchema),
      })
      .nullable()
      .default(null),
  })
  .refine(
    ({ emails, claim }) => Object.keys(emails).length + Object.keys(claim?.roles ?? {}).length > 0,
    'must give at least one role',
  );

export interface OidcSettings {
  /** Exactly as the provider writes it. */
  issuer: string;
  clientId: string;
  clientSecret: string;
  roles: z.output<typeof oidcRolesSchema>;
}

/** What a browser keeps between the two requests of a sign-in. */
export interface BegunSignIn {
  state: string;
  nonce: string;
  verifier: string;
}

export class ProviderRefusal extends Error {
  readonly failure: ProviderFailure;

  /** @param reason for the log; nothing of a token or a code is in it */
  constructor(failure: ProviderFailure, reason: string) {
    super(reason);
    this.name = 'ProviderRefusal';
    this.failure = failure;
  }
}

const discoverySchema = z.object({
  issuer: z.string(),
  authorization_endpoint: z.url(),
  token_endpoint: z.url(),
  jwks_uri: z.url(),
  userinfo_endpoint: z.url().optional(),
  token_endpoint_auth_methods_supported: z.array(z.string()).default(['client_secret_basic']),
  authorization_response_iss_parameter_supported: z.boolean().default(false),
});

type Discovery = z.output<typeof discoverySchema>;

const tokenAnswerSchema = z.object({ id_token: z.string().min(1), access_token: z.string().min(1).optional() });

type Fetch = (url: string, init: RequestInit) => Promise<Response>;

export class Oidc {
  readonly #settings: OidcSettings;
  readonly #redirectUri: string;
  readonly #fetch: Fetch;
  #discovered: { document: Discovery; keys: RemoteKeys; at: EpochMs } | null = null;

  constructor(settings: OidcSettings, consoleUrl: string, fetchProvider: Fetch) {
    this.#settings = settings;
    this.#redirectUri = `${consoleUrl}${PROVIDER_CALLBACK_PATH}`;
    this.#fetch = fetchProvider;
  }

  /** By which people know the provider. */
  get host(): string {
    return new URL(this.#settings.issuer).host;
  }

  /** @returns where the browser signs in @throws ProviderRefusal */
  async authorizationUrl({ state, nonce, verifier }: BegunSignIn, now: EpochMs): Promise<string> {
    const { document } = await this.#discovery(now);
    const url = new URL(document.authorization_endpoint);
    const { claim } = this.#settings.roles;
    const parameters = {
      response_type: 'code',
      client_id: this.#settings.clientId,
      redirect_uri: this.#redirectUri,
      scope: ['openid', 'email', ...(claim?.scope == null ? [] : [claim.scope])].join(' '),
      state,
      nonce,
      code_challenge: await challengeOf(verifier),
      code_challenge_method: 'S256',
    };
    for (const [name, text] of Object.entries(parameters)) url.searchParams.set(name, text);
    return url.href;
  }

  /**
   * Exchanges the code and verifies who signed in.
   * @param answer the parameters with which the provider sent the browser back; their `state` is compared already
   * @throws ProviderRefusal
   */
  async operator(answer: URLSearchParams, begun: BegunSignIn, now: EpochMs): Promise<Omit<Actor, 'address'>> {
    const discovered = await this.#discovery(now);
    const { document } = discovered;
    const from = answer.get('iss');
    if (from === null ? document.authorization_response_iss_parameter_supported : from !== document.issuer) {
      throw new ProviderRefusal('provider', `the answer names ${from === null ? 'no issuer' : 'another issuer'}`);
    }
    const error = answer.get('error');
    if (error !== null) throw new ProviderRefusal('declined', `the provider answered ${plainCode(error)}`);
    const code = answer.get('code') ?? '';
    if (code === '') throw new ProviderRefusal('provider', 'the answer has neither a code nor an error');
    const { id_token, access_token } = await this.#exchange(document, code, begun);
    const own = await this.#verified(discovered.keys, id_token, begun, now);
    const claims = this.#isComplete(own) ? own : merged(await this.#userInfo(document, access_token, own['sub']), own);
    return this.#operatorWith(claims);
  }

  /** @returns the operator with this id, by the settings as they are now; null: there is no such role */
  named(id: string): Omit<Actor, 'address'> | null {
    const [, name, granted] = /^oidc:([^#]+)(?:#(.+))?$/.exec(id) ?? [];
    if (name === undefined) return null;
    const { claim } = this.#settings.roles;
    const byEmail = this.#roleOfEmail(name);
    // Whom the settings name meanwhile has that role, from the next sign-in on.
    if (granted !== undefined && byEmail !== null) return null;
    const role = granted === undefined ? byEmail : ownEntry(claim?.roles ?? {}, granted);
    return role === null ? null : { id, name, role };
  }

  #operatorWith(claims: Record<string, unknown>): Omit<Actor, 'address'> {
    const email = verifiedEmail(claims);
    const byEmail = email === null ? null : this.named(`${ID_PREFIX}${email}`);
    const operator = byEmail ?? this.#byClaim(email ?? subjectName(claims), claims);
    if (operator !== null) return operator;
    if (email !== null) throw new ProviderRefusal('noRole', `${email} has no role in OIDC_ROLES`);
    throw new ProviderRefusal(
      'unverified',
      `no claim gives ${subjectName(claims)} a role, and no mail address of theirs is verified`,
    );
  }

  /** The largest role that the claim gives; the value is part of the id, so that each request finds it in the settings again. */
  #byClaim(name: string, claims: Record<string, unknown>): Omit<Actor, 'address'> | null {
    const { claim } = this.#settings.roles;
    if (claim === null) return null;
    const given = ownEntryOf(claims, claim.name);
    const values = (Array.isArray(given) ? given : [given]).filter((one) => typeof one === 'string');
    return values
      .map((one) => this.named(`${ID_PREFIX}${name}#${one}`))
      .reduce((best, one) => (one !== null && (best === null || !allows(best.role, one.role)) ? one : best), null);
  }

  #roleOfEmail(email: string): Role | null {
    const listed = Object.entries(this.#settings.roles.emails).find(([name]) => name.toLowerCase() === email);
    return listed?.[1] ?? null;
  }

  /** Whether the ID token has every claim that counts; else UserInfo is asked. */
  #isComplete(claims: Record<string, unknown>): boolean {
    const { claim } = this.#settings.roles;
    const names = ['email', 'email_verified', ...(claim === null ? [] : [claim.name])];
    return names.every((name) => Object.hasOwn(claims, name));
  }

  async #discovery(now: EpochMs): Promise<{ document: Discovery; keys: RemoteKeys }> {
    const known = this.#discovered;
    if (known !== null && now - known.at < DISCOVERY_MS) return known;
    const { issuer } = this.#settings;
    const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
    const { status, json } = await this.#ask(url, {});
    const parsed = discoverySchema.safeParse(json);
    if (status !== 200 || !parsed.success) {
      throw new ProviderRefusal('provider', `${url} responded with status ${status} and no usable document`);
    }
    const document = parsed.data;
    if (document.issuer !== issuer) {
      throw new ProviderRefusal('provider', `${url} is of the issuer ${document.issuer}: set OIDC_ISSUER to it`);
    }
    const { authorization_endpoint, token_endpoint, jwks_uri, userinfo_endpoint = jwks_uri } = document;
    for (const endpoint of [authorization_endpoint, token_endpoint, jwks_uri, userinfo_endpoint]) {
      if (!isSafe(endpoint, issuer))
        throw new ProviderRefusal('provider', `${url} names ${endpoint}, which is not https`);
    }
    const keys = known?.document.jwks_uri === jwks_uri ? known.keys : new RemoteKeys(jwks_uri, this.#fetch);
    this.#discovered = { document, keys, at: now };
    return this.#discovered;
  }

  async #exchange(document: Discovery, code: string, { verifier }: BegunSignIn) {
    const { clientId, clientSecret } = this.#settings;
    const form: Record<string, string> = {
      grant_type: 'authorization_code',
      code,
      redirect_uri: this.#redirectUri,
      code_verifier: verifier,
    };
    const headers: Record<string, string> = { 'Content-Type': 'application/x-www-form-urlencoded' };
    if (document.token_endpoint_auth_methods_supported.includes('client_secret_basic')) {
      // Both are form-encoded first (RFC 6749, 2.3.1).
      headers['Authorization'] = `Basic ${btoa(`${formEncoded(clientId)}:${formEncoded(clientSecret)}`)}`;
    } else {
      form['client_id'] = clientId;
      form['client_secret'] = clientSecret;
    }
    const body = new URLSearchParams(form).toString();
    const { status, json } = await this.#ask(document.token_endpoint, { method: 'POST', headers, body });
    if (status !== 200) {
      const error = z.object({ error: z.string() }).safeParse(json).data?.error ?? '';
      const failure = error === 'invalid_grant' ? 'declined' : 'provider';
      throw new ProviderRefusal(
        failure,
        `${document.token_endpoint} responded with status ${status} ${plainCode(error)}`,
      );
    }
    const parsed = tokenAnswerSchema.safeParse(json);
    if (!parsed.success)
      throw new ProviderRefusal('provider', `${document.token_endpoint} responded without an ID token`);
    return parsed.data;
  }

  async #verified(
    keys: RemoteKeys,
    token: string,
    { nonce }: BegunSignIn,
    now: EpochMs,
  ): Promise<Record<string, unknown>> {
    const { issuer, clientId: audience } = this.#settings;
    try {
      // Another kind of token of the same provider is no ID token (RFC 8725, 3.11); an ID token need not name its type.
      const { typ = 'JWT' } = decodeProtectedHeader(token);
      if (typ.toUpperCase() !== 'JWT') throw new Error('it is a token of another type');
      const { payload } = await keys.verify(token, now, {
        algorithms: ALGORITHMS,
        issuer,
        audience,
        maxTokenAge: ID_TOKEN_SECONDS_MAX,
        clockTolerance: CLOCK_TOLERANCE_SECONDS,
        requiredClaims: ['iss', 'aud', 'sub', 'exp', 'iat', 'nonce'],
      });
      if (typeof payload.sub !== 'string' || !/^[\x20-\x7e]{1,255}$/.test(payload.sub))
        throw new Error('its subject is none');
      if (payload['nonce'] !== nonce) throw new Error('its nonce is of another sign-in');
      // No other client is trusted with a token for this one (OpenID Connect Core 1.0, 3.1.3.7).
      if ([payload.aud].flat().some((one) => one !== audience))
        throw new Error('it is for other clients too (claim "aud")');
      const { azp = audience } = payload;
      if (azp !== audience) throw new Error('it was issued to another client (claim "azp")');
      return payload;
    } catch (error) {
      throw new ProviderRefusal(
        'provider',
        `the ID token was rejected: ${error instanceof Error ? error.message : error}`,
      );
    }
  }

  async #userInfo(
    { userinfo_endpoint: url }: Discovery,
    accessToken: string | undefined,
    subject: unknown,
  ): Promise<Record<string, unknown>> {
    if (url === undefined || accessToken === undefined) return {};
    const { status, json } = await this.#ask(url, { headers: { Authorization: `Bearer ${accessToken}` } });
    const parsed = z.looseObject({ sub: z.string() }).safeParse(json);
    if (status !== 200 || !parsed.success) {
      throw new ProviderRefusal('provider', `${url} responded with status ${status} and no usable document`);
    }
    // OpenID Connect Core 1.0, 5.3.2.
    if (parsed.data.sub !== subject) throw new ProviderRefusal('provider', `${url} responded about somebody else`);
    return parsed.data;
  }

  /** @returns null where the response is not JSON */
  async #ask(url: string, init: RequestInit): Promise<{ status: number; json: unknown }> {
    try {
      // A redirect fails by its status: neither the secret nor a code goes to another address.
      const signal = AbortSignal.timeout(FETCH_MS_MAX);
      const headers = { Accept: 'application/json', ...(init.headers as Record<string, string> | undefined) };
      const response = await this.#fetch(url, { ...init, headers, signal, redirect: 'manual' });
      const bytes = await boundedBody(response, ANSWER_BYTES_MAX);
      if (bytes === null) throw new Error(`more than ${ANSWER_BYTES_MAX} bytes`);
      return { status: response.status, json: jsonOf(bytes) };
    } catch (error) {
      throw new ProviderRefusal(
        'provider',
        `${url} did not respond: ${error instanceof Error ? error.message : error}`,
      );
    }
  }
}

/** The ID token's claims count before UserInfo's. An address and whether it is verified come from the same one of the two. */
function merged(userInfo: Record<string, unknown>, own: Record<string, unknown>): Record<string, unknown> {
  const hasOwn = Object.hasOwn(own, 'email') && Object.hasOwn(own, 'email_verified');
  const { email, email_verified } = hasOwn ? own : userInfo;
  return { ...userInfo, ...own, email, email_verified };
}

/** Of one that the provider has checked itself (OpenID Connect Core 1.0, 5.1): anybody may write any address into their profile. */
function verifiedEmail(claims: Record<string, unknown>): string | null {
  const parsed = z.email().safeParse(claims['email']);
  // Some providers write it as a text.
  const isVerified = claims['email_verified'] === true || claims['email_verified'] === 'true';
  return parsed.success && isVerified ? parsed.data.toLowerCase() : null;
}

/** How the provider calls somebody, who may have chosen that, and in brackets the subject, which nobody can choose. */
function subjectName(claims: Record<string, unknown>): string {
  const plain = (value: unknown) => (typeof value === 'string' ? value.replaceAll(/[^\p{L}\p{N}@.+_ -]/gu, '_') : '');
  const called = plain(claims['preferred_username'] ?? claims['name'] ?? claims['email']).slice(0, CALLED_CHARS_MAX);
  return `${called} [${plain(claims['sub'])}]`.trimStart();
}

function jsonOf(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return null; // SyntaxError
  }
}

/** Plain http is for a provider on this machine. */
function isSafe(endpoint: string, issuer: string): boolean {
  const { protocol, hostname } = new URL(endpoint);
  return protocol === 'https:' || (protocol === 'http:' && isLoopback(hostname) && issuer.startsWith('http:'));
}

/** An error's code for the log, which anybody can put into the address. */
function plainCode(code: string): string {
  return /^[\w.-]{1,64}$/.test(code) ? code : '(no readable error code)';
}

function formEncoded(text: string): string {
  return new URLSearchParams({ text }).toString().slice('text='.length);
}

/** An entry of its own, not one that every object inherits. */
function ownEntry(roles: Record<string, Role>, name: string): Role | null {
  return Object.hasOwn(roles, name) ? (roles[name] ?? null) : null;
}

function ownEntryOf(claims: Record<string, unknown>, name: string): unknown {
  return Object.hasOwn(claims, name) ? claims[name] : undefined;
}

async function challengeOf(verifier: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(verifier));
  return btoa(String.fromCharCode(...new Uint8Array(digest)))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');
}
