// The tokens of a running gateway, verified with a JWT library that this project does not use, as docs/origin.md describes,
// with the key from the live key set: they carry exactly the documented claims, and no bit of them can be changed.

import { createPublicKey, type webcrypto } from 'node:crypto';
import jsonwebtoken, { type JwtHeader, type JwtPayload } from 'jsonwebtoken';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AUDIENCE, type Running, startFairgate } from '../running-gateway.ts';
import { AS_JSON, GateVisitor, until } from './visitor-client.ts';

const SESSION_SECONDS = 300;

let fairgate: Running;
let keys: (webcrypto.JsonWebKey & { kid: string })[];
/** Tokens from `/claim`, from `/join` in an open room, and from `/join` before another room's opening. */
let admission: string;
let place: string;
let entry: string;

beforeAll(async () => {
  fairgate = await startFairgate({
    moreRooms: (origin) => [
      {
        id: 'later',
        title: { ko: '예약', en: 'Booking' },
        hosts: ['later.test'],
        origin,
        schedule: { opensAt: '+1h' },
        policy: { newUsersPerMinute: 600, totalActiveUsers: 10, sessionMinutes: 5 },
      },
    ],
  });
  const { port } = fairgate.gateway;
  keys = JSON.parse((await new GateVisitor(port, 'demo').send('/.well-known/jwks.json')).text).keys;

  const visitor = new GateVisitor(port, 'demo', '127.0.0.1');
  place = JSON.parse((await visitor.act('join')).text).queueToken;
  const claimed = await until(
    async () => JSON.parse((await visitor.act('claim')).text),
    ({ outcome }) => outcome === 'admitted',
  );
  admission = claimed.admissionToken;
  entry = JSON.parse((await new GateVisitor(port, 'later').act('join')).text).queueToken;
});

afterAll(() => fairgate?.stop());

/** What docs/origin.md requires of an origin with any library: key by `kid`, one algorithm, and a check of `typ`. */
function verify(token: string, typ: string, audience: string, options: { now?: number; tolerance?: number } = {}) {
  const { kid } = jsonwebtoken.decode(token, { complete: true })?.header ?? {};
  const jwk = keys.find((key) => key.kid === kid);
  if (jwk === undefined) throw new Error(`No key ${kid}.`);
  const { header, payload } = jsonwebtoken.verify(token, createPublicKey({ key: jwk, format: 'jwk' }), {
    algorithms: ['ES256'],
    issuer: fairgate.url,
    audience,
    clockTolerance: options.tolerance ?? 30,
    ...(options.now === undefined ? {} : { clockTimestamp: options.now }),
    complete: true,
  });
  if (header.typ !== typ || typeof payload === 'string') throw new Error(`Not ${typ}.`);
  return { header, payload };
}

const verifyAdmission = (token: string, options = {}) => verify(token, 'admission+jwt', AUDIENCE, options);
const verifyPlace = (token: string) => verify(token, 'queue+jwt', 'demo');
const verifyEntry = (token: string) => verify(token, 'queue+jwt', 'later');

function expectHeader(header: JwtHeader, typ: string): void {
  expect(header).toEqual({ alg: 'ES256', typ, kid: keys[0]?.kid });
}

function expectNear(seconds: number | undefined, expected: number): void {
  expect(Math.abs((seconds ?? 0) - expected)).toBeLessThan(60); // Minutes may pass on a busy machine, days may not.
}

const VISITOR = expect.stringMatching(/^[A-Za-z0-9_-]{22}$/);
const TIME = expect.any(Number);
/** The first opening’s number is the time of its creation. */
const EPOCH = expect.any(Number);

describe('an admission token from /claim', () => {
  it('verifies and has exactly the documented claims', () => {
    const { header, payload } = verifyAdmission(admission);
    expectHeader(header, 'admission+jwt');
    expect(payload).toEqual({
      iss: fairgate.url,
      aud: AUDIENCE,
      sub: VISITOR,
      room: 'demo',
      epoch: EPOCH,
      position: 1,
      sid: expect.stringMatching(/^[A-Za-z0-9_-]{16}$/),
      iat: TIME,
      nbf: TIME,
      exp: TIME,
    });
    const { nbf = 0, exp = 0, iat = 0 } = payload as JwtPayload;
    expectNear(iat, Date.now() / 1000);
    expectNear(nbf, Date.now() / 1000);
    // The end is rounded down to whole seconds, never up.
    expect(exp - nbf).toBeLessThanOrEqual(SESSION_SECONDS);
    expect(exp - nbf).toBeGreaterThan(SESSION_SECONDS - 1);
  });

  it('has the visitor id of the queue token', () => {
    expect(verifyAdmission(admission).payload.sub).toBe(verifyPlace(place).payload.sub);
  });

  it('is refused from `exp` on and before `nbf`, within the clock tolerance that the origin chose', () => {
    const { nbf = 0, exp = 0 } = verifyAdmission(admission).payload as JwtPayload;
    expect(() => verifyAdmission(admission, { now: exp, tolerance: 0 })).toThrow('jwt expired');
    expect(() => verifyAdmission(admission, { now: exp + 30 })).toThrow('jwt expired');
    expect(() => verifyAdmission(admission, { now: exp - 1, tolerance: 0 })).not.toThrow();
    expect(() => verifyAdmission(admission, { now: Math.floor(nbf) - 31 })).toThrow('jwt not active');
  });

  it('has `nbf` in fractions of a second, for which a library that counts whole seconds needs 1 s of tolerance', () => {
    const { nbf = 0 } = verifyAdmission(admission).payload as JwtPayload;
    const now = Math.floor(nbf);
    // One slot in a thousand falls on a whole second, and there is nothing to check.
    if (!Number.isInteger(nbf)) {
      expect(() => verifyAdmission(admission, { now, tolerance: 0 })).toThrow('jwt not active');
    }
    expect(() => verifyAdmission(admission, { now: now + 1, tolerance: 0 })).not.toThrow();
    expect(() => verifyAdmission(admission, { now, tolerance: 1 })).not.toThrow();
  });

  it('is refused for another audience or type', () => {
    expect(() => verify(admission, 'admission+jwt', 'urn:fairgate:origin:later')).toThrow('jwt audience invalid');
    expect(() => verify(admission, 'queue+jwt', AUDIENCE)).toThrow('Not queue+jwt');
  });

  it('admits its bearer at the gateway, while a queue token does not', async () => {
    const visitor = new GateVisitor(fairgate.gateway.port, 'demo', '127.0.0.1');
    const admitted = await visitor.send('/book', { headers: { ...AS_JSON, Authorization: `Bearer ${admission}` } });
    expect([admitted.status, admitted.text.includes('cfWaitingRoom')]).toEqual([200, false]);
    const refused = await visitor.send('/book', { headers: { Cookie: `fairgate-admission-demo=${place}` } });
    expect(refused.status).toBe(403);
  });
});

describe('a queue token from /join', () => {
  it('verifies and has exactly the documented claims in an open room', () => {
    const { header, payload } = verifyPlace(place);
    expectHeader(header, 'queue+jwt');
    expect(payload).toEqual({
      iss: fairgate.url,
      aud: 'demo',
      sub: VISITOR,
      epoch: EPOCH,
      position: 1,
      draw: expect.stringMatching(/^[0-9a-f]{64}$/),
      // The range of the wait that was shown with it, where one was.
      ...('wait' in payload ? { wait: [expect.any(Number), expect.any(Number)] } : {}),
      iat: TIME,
      exp: TIME,
    });
    expectNear(payload.iat, Date.now() / 1000);
    expectNear(payload.exp, Date.now() / 1000 + 7 * 86_400);
  });

  it('has an entry instead of a position before the opening, and expires a week after it', async () => {
    const { header, payload } = verifyEntry(entry);
    expectHeader(header, 'queue+jwt');
    const visitor = new GateVisitor(fairgate.gateway.port, 'later');
    const { draw, opensAt } = await visitor.board();
    expect(payload).toMatchObject({ aud: 'later', sub: VISITOR, epoch: EPOCH, entry: 1, draw: draw.commitment });
    expect(payload).not.toHaveProperty('position');
    expect(payload.exp).toBe(Math.floor(Date.parse(opensAt) / 1000) + 7 * 86_400);
  });
});

describe('a token with one changed bit', () => {
  it.each([
    ['an admission token', () => admission, verifyAdmission],
    ['a queue token with a position', () => place, verifyPlace],
    ['a queue token with an entry', () => entry, verifyEntry],
  ])('is refused, wherever the bit is in %s', (_, token, verifyToken) => {
    expect(() => verifyToken(token())).not.toThrow();
    const parts = token()
      .split('.')
      .map((part) => Buffer.from(part, 'base64url'));
    const accepted: string[] = [];
    for (const [index, part] of parts.entries()) {
      for (let bit = 0; bit < part.length * 8; bit++) {
        const changed = Buffer.from(part);
        changed[bit >> 3] = (part[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        const forged = parts.with(index, changed).map((bytes) => bytes.toString('base64url'));
        try {
          verifyToken(forged.join('.'));
          accepted.push(`part ${index}, bit ${bit}`);
        } catch {
          // Refused: unreadable header, unknown key, or wrong signature.
        }
      }
    }
    expect(parts.map(({ length }) => length > 60)).toEqual([true, true, true]);
    expect(accepted).toEqual([]);
  });
});
