// Admission check for nginx with njs 0.7.9 and newer (Debian: libnginx-mod-http-js), for sites that cannot check tokens themselves: no
// request without a valid admission token reaches them. The configuration is in Fairgate's docs/origin.md, and so is the list "What a
// verifier must check", which this follows rule by rule. nginx keeps the gateway's keys: proxy_cache in /_fairgate_keys.
//
// Apache License 2.0

const TOKEN_LENGTH_MAX = 4096;
const CLOCK_TOLERANCE_SECONDS = 30;
const KEYS_BYTES_MAX = 65536;
// After a fetch, unknown key ids cause no further one for this long.
const KEYS_COOLDOWN_SECONDS = 5;
// After a failed fetch, none is tried for this long.
const KEYS_RETRY_SECONDS = 1;

// The end of the text: in njs, $ also matches before a line break at the end.
const COMPACT = /^([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]*)(?![\s\S])/;
const BASE64URL = /^(?:[A-Za-z0-9_-]{4})*(?:[A-Za-z0-9_-][AQgw]|[A-Za-z0-9_-]{2}[AEIMQUYcgkosw048])?(?![\s\S])/;
const ID = /^[!-~]{1,200}(?![\s\S])/;
// SubjectPublicKeyInfo of an uncompressed point of P-256, up to the point (RFC 5480).
const P256_PREFIX = '3059301306072a8648ce3d020106082a8648ce3d03010703420004';

// For auth_request: 204 admits. The reason of a refusal is left in $fairgate_refusal, for `refuse`.
async function check(r) {
  let reason;
  try {
    reason = await reasonAgainst(r);
  } catch (error) {
    r.error(`Fairgate: admission cannot be checked: ${error}`);
    reason = 'unavailable';
  }
  r.variables.fairgate_refusal = reason === null ? '' : reason;
  r.return(reason === null ? 204 : 403);
}

// The response to a request that was not admitted (RFC 9457).
function refuse(r) {
  const reason = r.variables.fairgate_refusal;
  const isRefused = reason !== '' && reason !== 'unavailable';
  const status = isRefused ? 403 : 503;
  const name = reason === 'missing' ? 'no-admission' : isRefused ? 'invalid-admission' : 'keys-unavailable';
  const document = { type: `https://fairgate.dev/problems/${name}`, status: status };
  document.title = isRefused ? 'Please enter through the waiting room' : 'Admission cannot be checked right now';
  if (isRefused) document.reason = reason;
  else r.headersOut['Retry-After'] = '5';
  r.headersOut['Content-Type'] = 'application/problem+json';
  r.headersOut['Cache-Control'] = 'no-store';
  r.headersOut['X-Content-Type-Options'] = 'nosniff';
  r.return(status, JSON.stringify(document));
}

// null: there is none, the visitor is admitted.
async function reasonAgainst(r) {
  const values = r.rawHeadersIn.filter((field) => field[0].toLowerCase() === 'fairgate-admission');
  const token = values.map((field) => field[1]).join(', ');
  if (token === '') return 'missing';
  const parts = token.length <= TOKEN_LENGTH_MAX ? COMPACT.exec(token) : null;
  const header = parts === null ? null : jsonObject(parts[1]);
  // `crit` names extensions that must be understood, and there are none (RFC 7515, 4.1.11).
  if (header === null || 'crit' in header) return 'malformed';
  if (header.alg !== 'ES256') return 'algorithm';
  if (header.typ !== 'admission+jwt') return 'type';
  if (!isId(header.kid)) return 'key';
  const key = await findKey(r, header.kid);
  if (key === null) return 'key';
  const signature = decode(parts[3]);
  if (signature === null || signature.length !== 64) return 'signature';
  const signed = Buffer.from(`${parts[1]}.${parts[2]}`);
  const isSigned = await crypto.subtle.verify({ name: 'ECDSA', hash: 'SHA-256' }, key, signature, signed);
  if (!isSigned) return 'signature';
  return judge(r, jsonObject(parts[2]));
}

function judge(r, claims) {
  if (claims === null || !hasTypes(claims)) return 'malformed';
  if (claims.iss !== required(r, 'fairgate_issuer')) return 'issuer';
  if (claims.aud !== required(r, 'fairgate_audience')) return 'audience';
  const room = r.variables.fairgate_room;
  if (room !== undefined && room !== '' && claims.room !== room) return 'room';
  const now = Date.now() / 1000;
  if (!(claims.nbf <= now + CLOCK_TOLERANCE_SECONDS)) return 'early';
  if (!(claims.exp > now - CLOCK_TOLERANCE_SECONDS)) return 'expired';
  return null;
}

// An nginx variable; empty is not the same as right.
function required(r, name) {
  const value = r.variables[name];
  if (value === undefined || value === '') throw new Error(`$${name} is empty. Set it in the configuration.`);
  return value;
}

function decode(text) {
  return BASE64URL.test(text) ? Buffer.from(text, 'base64url') : null;
}

function jsonObject(text) {
  const bytes = decode(text);
  if (bytes === null) return null;
  try {
    const value = JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes));
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : null;
  } catch (_error) {
    return null; // Not UTF-8, or not JSON.
  }
}

function hasTypes(claims) {
  return (
    typeof claims.iss === 'string' &&
    typeof claims.aud === 'string' &&
    [claims.sub, claims.room, claims.sid].every(isId) &&
    [claims.epoch, claims.position].every((count) => Number.isSafeInteger(count) && count >= 0) &&
    [claims.iat, claims.nbf, claims.exp].every((time) => Number.isFinite(time))
  );
}

function isId(value) {
  return typeof value === 'string' && ID.test(value);
}

// null: the gateway publishes no key with this id. Throws where the keys are unavailable.
async function findKey(r, kid) {
  let kept;
  try {
    kept = await fetchKeys(r, 'kept');
  } catch (_error) {
    // What is no key set stays in nginx's cache: ask for another copy, at most once in this time.
    kept = await fetchKeys(r, copyOf('again', KEYS_RETRY_SECONDS));
  }
  const known = await keyIn(kept, kid);
  if (known !== null) return known;
  // A new key: nginx asks the gateway at most once in this time, whatever ids are asked for.
  const renewed = await fetchKeys(r, copyOf('new', KEYS_COOLDOWN_SECONDS));
  return keyIn(renewed, kid);
}

function copyOf(name, seconds) {
  return `${name}${Math.floor(Date.now() / 1000 / seconds)}`;
}

// One of nginx's copies of the key set.
async function fetchKeys(r, copy) {
  const reply = await r.subrequest('/_fairgate_keys', { args: `copy=${copy}` });
  if (reply.status !== 200) throw new Error(`the keys came with status ${reply.status}`);
  if (reply.responseBuffer.length > KEYS_BYTES_MAX)
    throw new Error(`the key set is larger than ${KEYS_BYTES_MAX} bytes`);
  const set = JSON.parse(reply.responseText);
  if (set === null || typeof set !== 'object' || !Array.isArray(set.keys)) throw new Error('the reply is no JWK set');
  const keys = set.keys.filter((jwk) => isSigning(jwk));
  const ids = keys.map((jwk) => jwk.kid);
  if (ids.some((id, index) => ids.indexOf(id) !== index)) throw new Error('the key set has two keys with one id');
  return keys;
}

async function keyIn(jwks, kid) {
  const jwk = jwks.find((one) => one.kid === kid);
  if (jwk === undefined) return null;
  const spki = Buffer.concat([Buffer.from(P256_PREFIX, 'hex'), decode(jwk.x), decode(jwk.y)]);
  try {
    return await crypto.subtle.importKey('spki', spki, { name: 'ECDSA', namedCurve: 'P-256' }, false, ['verify']);
  } catch (_error) {
    return null; // Not a point of the curve.
  }
}

// Other keys than those of admission tokens are ignored.
function isSigning(jwk) {
  if (typeof jwk !== 'object' || jwk === null || typeof jwk.kid !== 'string') return false;
  if (jwk.kty !== 'EC' || jwk.crv !== 'P-256') return false;
  if ((jwk.alg !== undefined && jwk.alg !== 'ES256') || (jwk.use !== undefined && jwk.use !== 'sig')) return false;
  return [jwk.x, jwk.y].every(
    (text) => typeof text === 'string' && decode(text) !== null && decode(text).length === 32,
  );
}

export default { check, refuse };
