// Signing in with the identity provider: two addresses for browsers. What belongs to one sign-in is in a cookie of the browser that
// began it, so the answer of another browser, or of an earlier try, is refused. Every way ends in the console, at no other address.

import { Hono, type MiddlewareHandler } from 'hono';
import { SIGN_IN_MS } from '../../queue-core/limits.ts';
import { CONSOLE_PATH } from '../contract/operator-api.ts';
import { PROVIDER_CALLBACK_PATH, PROVIDER_START_PATH, type ProviderFailure } from '../contract/provider-addresses.ts';
import type { Gateway } from '../gateway.ts';
import { operatorProblem } from '../http/problems.ts';
import { RateLimit } from '../http/rate-limit.ts';
import { networkOf } from '../http/request-client.ts';
import type { Background, RequestEnv } from '../http/request-env.ts';
import { StoreUnavailable } from '../store/room-store.ts';
import { answersOperators } from './console-host.ts';
import { type BegunSignIn, type Oidc, ProviderRefusal } from './oidc.ts';
import { setSession } from './operator-sessions.ts';
import { SIGN_IN_RATE } from './sign-in-limit.ts';

/** From the first click to the return: long enough to find a phone with the second factor. */
const BEGUN_MS_MAX = 10 * 60_000;

type ProviderGateway = Pick<
  Gateway,
  | 'consoleUrl'
  | 'cookies'
  | 'directory'
  | 'oidc'
  | 'ownTime'
  | 'proxies'
  | 'publicUrl'
  | 'randomId'
  | 'stopwatch'
  | 'store'
  | 'tokens'
>;

export function providerSignIn(gateway: ProviderGateway): Hono<RequestEnv> {
  const { cookies, oidc, ownTime, proxies, randomId } = gateway;
  const addresses = new Hono<RequestEnv>();
  if (oidc === null) return addresses;

  // Each address has a limit of its own: a browser that may begin may come back, also where a whole office begins at once.
  const forBrowsersOfOperators = (): MiddlewareHandler<RequestEnv> => {
    const limit = new RateLimit(SIGN_IN_RATE, gateway.stopwatch);
    return async (c, next) => {
      if (!answersOperators(gateway, c.req.raw)) return operatorProblem('not-found');
      return limit.secondsToWait(networkOf(proxies.clientAddress(c.req.raw))) > 0 ? toConsole('tooMany') : next();
    };
  };

  addresses.get(PROVIDER_START_PATH, forBrowsersOfOperators(), async (c) => {
    // A sign-in begins in the console; a link on another site leads to the console, where a person decides.
    const site = c.req.header('Sec-Fetch-Site') ?? 'none';
    if (site !== 'same-origin' && site !== 'none') return toConsole(null);
    const begun = { state: randomId(24), nonce: randomId(24), verifier: randomId(32) };
    try {
      const response = redirect(await oidc.authorizationUrl(begun, ownTime()));
      response.headers.append('Set-Cookie', cookies.setProviderSignIn(textOf(begun, ownTime()), BEGUN_MS_MAX / 1000));
      return response;
    } catch (error) {
      return refused(oidc, error);
    }
  });

  addresses.get(PROVIDER_CALLBACK_PATH, forBrowsersOfOperators(), async (c) => {
    const response = await answered(gateway, oidc, c.req.raw, c.var.background).catch((error: unknown) =>
      refused(oidc, error),
    );
    // Once: the address of the answer stays in the browser's history.
    response.headers.append('Set-Cookie', cookies.setProviderSignIn('', 0));
    return response;
  });
  return addresses;
}

async function answered(
  gateway: ProviderGateway,
  oidc: Oidc,
  request: Request,
  background: Background,
): Promise<Response> {
  const { cookies, directory, ownTime, proxies, store } = gateway;
  const answer = new URL(request.url).searchParams;
  const begun = cookies
    .providerSignIns(request.headers)
    .map((text) => begunIn(text, ownTime()))
    .find((one) => one !== null && one.state === answer.get('state'));
  if (begun == null)
    throw new ProviderRefusal('notBegun', 'this browser has not begun it, or more than 10 minutes ago');
  const operator = await oidc.operator(answer, begun, ownTime());
  const address = proxies.clientAddress(request);
  if ((await directory.forOperators(background, 'change')) === null) {
    throw new ProviderRefusal('unrecorded', 'the directory cannot be read');
  }
  const [reply] = await store.directory.apply([{ kind: 'acceptSignIn', by: { ...operator, address } }]);
  if (reply.kind === 'refused') throw new ProviderRefusal('unrecorded', 'the log of the directory is full');
  directory.invalidate();
  const response = toConsole(null);
  const { at } = reply;
  const session = { sid: gateway.randomId(12), issuedAt: at, expiresAt: at + SIGN_IN_MS };
  await setSession(gateway, response, { key: operator.id, ...session });
  return response;
}

function refused(oidc: Oidc, error: unknown): Response {
  if (error instanceof StoreUnavailable) {
    console.error(...error.logArguments);
    return toConsole('unrecorded');
  }
  if (!(error instanceof ProviderRefusal)) throw error;
  console.error(`Sign-in with ${oidc.host} refused:`, error.message);
  return toConsole(error.failure);
}

/** @param failure null: none, and the console finds out who is signed in */
function toConsole(failure: ProviderFailure | null): Response {
  return redirect(failure === null ? CONSOLE_PATH : `${CONSOLE_PATH}#/sign-in/${failure}`);
}

function redirect(location: string): Response {
  return new Response(null, {
    status: 303,
    headers: { Location: location, 'Cache-Control': 'no-store', 'Referrer-Policy': 'no-referrer' },
  });
}

function textOf({ state, nonce, verifier }: BegunSignIn, now: number): string {
  return [state, nonce, verifier, Math.floor(now)].join('.');
}

function begunIn(text: string, now: number): BegunSignIn | null {
  const [state = '', nonce = '', verifier = '', at = ''] = text.split('.');
  const age = now - Number(at);
  if (state === '' || nonce === '' || verifier === '' || !(age >= 0 && age < BEGUN_MS_MAX)) return null;
  return { state, nonce, verifier };
}
