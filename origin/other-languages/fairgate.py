"""Admission check for Python sites behind Fairgate: no request without a valid admission token.

WSGI (Django, Flask, Bottle ...):    application = fairgate.wsgi(application, jwks_url=..., issuer=..., audience=...)
ASGI (FastAPI, Starlette, Quart ...): app = fairgate.asgi(app, jwks_url=..., issuer=..., audience=...)
Anything else:                        verdict = fairgate.Verifier(jwks_url=..., issuer=..., audience=...).verify(header)

One file, Python 3.9 and newer, and the package `cryptography` (Debian: python3-cryptography). Copy it into the site. It follows, rule
by rule, the list "What a verifier must check" in Fairgate's docs/origin.md; where anything is in doubt the request is refused.

Apache License 2.0
"""

import asyncio
import base64
import json
import logging
import math
import re
import threading
import time
import urllib.request
from typing import Any, Callable, Dict, NamedTuple, Optional
from urllib.parse import urlsplit

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

TOKEN_LENGTH_MAX = 4096
CLOCK_TOLERANCE_SECONDS_MAX = 120
# Bounds of fetching keys; docs/origin.md says why each is what it is.
FETCH_SECONDS_MAX = 3
KEYS_AGE_SECONDS_MAX = 600
KEYS_REFRESH_SECONDS = 300
KEYS_COOLDOWN_SECONDS = 5
KEYS_RETRY_SECONDS = 1
KEYS_BYTES_MAX = 65536

COMPACT = re.compile(r"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]*)")
BASE64URL = re.compile(r"(?:[A-Za-z0-9_-]{4})*(?:[A-Za-z0-9_-][AQgw]|[A-Za-z0-9_-]{2}[AEIMQUYcgkosw048])?")
ID = re.compile(r"[!-~]{1,200}")
COUNT_MAX = 2**53 - 1

logger = logging.getLogger("fairgate")


class Admitted(NamedTuple):
    """`claims` has iss, aud, sub, room, epoch, position, iat, nbf, exp and sid. `sub` is the visitor's id."""

    claims: Dict[str, Any]


class Refused(NamedTuple):
    """`reason` is one of missing, malformed, algorithm, type, key, signature, issuer, audience, room, early, expired."""

    reason: str


class Unavailable(NamedTuple):
    """The gateway's keys are unavailable, so no token can be checked."""

    cause: BaseException


class Verifier:
    """The check. Create one per process and reuse it: it caches the keys. Safe for threads."""

    def __init__(
        self,
        *,
        jwks_url: str,
        issuer: str,
        audience: str,
        room: Optional[str] = None,
        clock_tolerance_seconds: float = 30,
        allow_plain_http: bool = False,
        now: Callable[[], float] = time.time,
    ) -> None:
        for name, value in (("issuer", issuer), ("audience", audience), ("room", room)):
            # Empty is not the same as omitted: an unset variable must not admit from every room.
            if not (isinstance(value, str) and value.strip()) and not (name == "room" and value is None):
                raise ValueError(f"Fairgate: {name} is {value!r}. Set it to that of the gateway's tokens.")
        if not 0 <= clock_tolerance_seconds <= CLOCK_TOLERANCE_SECONDS_MAX:
            raise ValueError(f"Fairgate: clock_tolerance_seconds is {clock_tolerance_seconds}. Use 0 to 120.")
        self._issuer, self._audience, self._room = issuer, audience, room
        self._tolerance, self._now = clock_tolerance_seconds, now
        self._keys = _Keys(_checked_url(jwks_url, allow_plain_http), now)

    def verify(self, header: Optional[str]):
        """Takes the value of `Fairgate-Admission`, several joined by a comma. Never raises."""
        try:
            return self._check(header)
        except Exception as cause:  # A defect of this code admits nobody.
            logger.exception("The admission check failed")
            return Unavailable(cause)

    def _check(self, token: Optional[str]):
        if token is None or token == "":
            return Refused("missing")
        parts = COMPACT.fullmatch(token) if len(token) <= TOKEN_LENGTH_MAX else None
        header = _json_object(parts[1]) if parts else None
        # `crit` names extensions that must be understood, and there are none (RFC 7515, 4.1.11).
        if header is None or "crit" in header:
            return Refused("malformed")
        if header.get("alg") != "ES256":
            return Refused("algorithm")
        if header.get("typ") != "admission+jwt":
            return Refused("type")
        kid = header.get("kid")
        if not _is_id(kid):
            return Refused("key")
        found = self._keys.find(kid)
        if isinstance(found, Unavailable):
            return found
        if found is None:
            return Refused("key")
        if not _is_signed(f"{parts[1]}.{parts[2]}", parts[3], found):
            return Refused("signature")
        return self._judge(_json_object(parts[2]))

    def _judge(self, payload: Optional[Dict[str, Any]]):
        claims = _claims(payload)
        if claims is None:
            return Refused("malformed")
        if claims["iss"] != self._issuer:
            return Refused("issuer")
        if claims["aud"] != self._audience:
            return Refused("audience")
        if self._room is not None and claims["room"] != self._room:
            return Refused("room")
        now = self._now()
        if not claims["nbf"] <= now + self._tolerance:
            return Refused("early")
        if not claims["exp"] > now - self._tolerance:
            return Refused("expired")
        return Admitted(claims)


def _checked_url(url: str, allow_plain_http: bool) -> str:
    parts = urlsplit(url if isinstance(url, str) else "")
    host = parts.hostname or ""
    is_loopback = host in ("localhost", "::1") or re.fullmatch(r"127(\.\d{1,3}){3}", host) is not None
    if host and (parts.scheme == "https" or parts.scheme == "http" and (allow_plain_http or is_loopback)):
        return url
    raise ValueError(
        f"Fairgate: jwks_url is {url!r}. Set it to https://<gateway>/.well-known/jwks.json, or set allow_plain_http "
        "for plain HTTP inside a private network."
    )


def _decode(text: str) -> Optional[bytes]:
    if BASE64URL.fullmatch(text) is None:
        return None
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _json_object(text: str) -> Optional[Dict[str, Any]]:
    try:
        # As text: of bytes, Python would guess the encoding. NaN and Infinity are not JSON.
        value = json.loads((_decode(text) or b"").decode("utf-8"), parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _refuse_constant(name: str):
    raise ValueError(name)


def _is_signed(text: str, signature: str, key: ec.EllipticCurvePublicKey) -> bool:
    raw = _decode(signature)
    if raw is None or len(raw) != 64:
        return False
    both = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    try:
        key.verify(both, text.encode("ascii"), ec.ECDSA(SHA256()))
    except InvalidSignature:
        return False
    return True


def _claims(payload: Optional[Dict[str, Any]]) -> Optional[Dict[str, Any]]:
    if payload is None:
        return None
    names = ("iss", "aud", "sub", "room", "epoch", "position", "iat", "nbf", "exp", "sid")
    claims = {name: payload.get(name) for name in names}
    if not all(isinstance(claims[name], str) for name in ("iss", "aud")):
        return None
    if not all(_is_id(claims[name]) for name in ("sub", "room", "sid")):
        return None
    if not all(_is_count(claims[name]) for name in ("epoch", "position")):
        return None
    if not all(_is_time(claims[name]) for name in ("iat", "nbf", "exp")):
        return None
    return claims


def _is_id(value: Any) -> bool:
    return isinstance(value, str) and ID.fullmatch(value) is not None


def _is_number(value: Any) -> bool:
    # In Python true is a number.
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_count(value: Any) -> bool:
    return _is_number(value) and 0 <= value <= COUNT_MAX and value == int(value)


def _is_time(value: Any) -> bool:
    # 1e999 is infinite: a token with such an `exp` would never expire. So is an integer beyond what a float holds.
    try:
        return _is_number(value) and math.isfinite(value)
    except OverflowError:
        return False


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


class _Fetch:
    """One request for the key set, in a thread of its own, so that nobody waits for longer than the bound."""

    def __init__(self, url: str) -> None:
        self.started = time.monotonic()
        self.done = threading.Event()
        self.keys: Optional[Dict[str, Any]] = None
        self.cause: Exception = TimeoutError(f"{url} did not return keys within {FETCH_SECONDS_MAX} s.")
        threading.Thread(target=self._run, args=(url,), daemon=True).start()

    def _run(self, url: str) -> None:
        try:
            self.keys = _fetch_keys(url)
        except Exception as cause:  # Unreachable, too slow, not status 200, too large, or not a key set.
            self.cause = cause
        self.done.set()

    @property
    def is_over(self) -> bool:
        return self.done.is_set() or time.monotonic() > self.started + FETCH_SECONDS_MAX

    def wait(self) -> None:
        self.done.wait(max(0.0, self.started + FETCH_SECONDS_MAX - time.monotonic()))


def _fetch_keys(url: str) -> Dict[str, Any]:
    opener = urllib.request.build_opener(_NoRedirect)
    request = urllib.request.Request(url, headers={"Accept": "application/json"})
    with opener.open(request, timeout=FETCH_SECONDS_MAX) as response:
        if response.status != 200:
            raise ValueError(f"{url} returned status {response.status} instead of a key set.")
        body = response.read(KEYS_BYTES_MAX + 1)
    if len(body) > KEYS_BYTES_MAX:
        raise ValueError(f"The key set is larger than {KEYS_BYTES_MAX} bytes.")
    keys: Dict[str, Any] = {}
    for jwk in json.loads(body.decode("utf-8"))["keys"]:
        key = _read_key(jwk)
        if key is None:
            continue
        if jwk["kid"] in keys:
            raise ValueError(f"{url} returned two keys with the id {jwk['kid']!r}.")
        keys[jwk["kid"]] = key
    return keys


def _read_key(jwk: Any) -> Optional[ec.EllipticCurvePublicKey]:
    """Other keys than those of admission tokens are ignored."""
    if not isinstance(jwk, dict) or not isinstance(jwk.get("kid"), str):
        return None
    if jwk.get("kty") != "EC" or jwk.get("crv") != "P-256":
        return None
    if jwk.get("alg", "ES256") != "ES256" or jwk.get("use", "sig") != "sig":
        return None
    x, y = (_decode(jwk[name]) if isinstance(jwk.get(name), str) else None for name in ("x", "y"))
    if x is None or y is None or len(x) != 32 or len(y) != 32:
        return None
    try:
        return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), b"\x04" + x + y)
    except ValueError:
        return None  # Not a point of the curve.


class _Keys:
    """The gateway's keys by their id: one fetch at a time, kept, refreshed in the background."""

    def __init__(self, url: str, now: Callable[[], float]) -> None:
        self._url, self._now = url, now
        self._lock = threading.Lock()
        self._keys: Dict[str, Any] = {}
        self._fetched_at = self._tried_at = self._failed_at = -math.inf
        self._cause: BaseException = RuntimeError("no keys yet")
        self._fetch: Optional[_Fetch] = None

    def find(self, kid: str):
        """The key; None: the gateway publishes none with this id; or Unavailable."""
        with self._lock:
            self._collect()
            is_fresh = _is_within(self._fetched_at, KEYS_AGE_SECONDS_MAX, self._now())
            if is_fresh and kid in self._keys:
                is_due = not _is_within(self._fetched_at, KEYS_REFRESH_SECONDS, self._now())
                if is_due and not _is_within(self._tried_at, KEYS_COOLDOWN_SECONDS, self._now()):
                    self._begin()
                return self._keys[kid]
            if is_fresh and _is_within(self._fetched_at, KEYS_COOLDOWN_SECONDS, self._now()):
                return None
            if self._fetch is None and _is_within(self._failed_at, KEYS_RETRY_SECONDS, self._now()):
                return Unavailable(self._cause)
            fetch = self._begin()
        fetch.wait()
        with self._lock:
            self._collect()
            return self._keys.get(kid) if fetch.keys is not None else Unavailable(fetch.cause)

    def _begin(self) -> _Fetch:
        if self._fetch is None:
            self._tried_at = self._now()
            self._fetch = _Fetch(self._url)
        return self._fetch

    def _collect(self) -> None:
        """Takes over what a fetch brought."""
        fetch = self._fetch
        if fetch is None or not fetch.is_over:
            return
        self._fetch = None
        if fetch.keys is not None:
            self._keys, self._fetched_at = fetch.keys, self._now()
        else:
            self._cause, self._failed_at = fetch.cause, self._now()


def _is_within(since: float, seconds: float, now: float) -> bool:
    """False for a time in the future: a clock that was set back must not extend a pause."""
    return since <= now < since + seconds


def _problem(verdict):
    """Status, header fields and body of a refusal (RFC 9457), as every verifier sends them."""
    fields = [
        ("Content-Type", "application/problem+json"),
        ("Cache-Control", "no-store"),
        ("X-Content-Type-Options", "nosniff"),
    ]
    if isinstance(verdict, Refused):
        status, name = "403 Forbidden", "no-admission" if verdict.reason == "missing" else "invalid-admission"
        members = {"title": "Please enter through the waiting room", "reason": verdict.reason}
    else:
        logger.error("Admission cannot be checked: %s", verdict.cause)
        status, name = "503 Service Unavailable", "keys-unavailable"
        members = {"title": "Admission cannot be checked right now"}
        fields.append(("Retry-After", "5"))
    document = {"type": f"https://fairgate.dev/problems/{name}", "status": int(status[:3]), **members}
    body = json.dumps(document).encode("utf-8")
    return status, [*fields, ("Content-Length", str(len(body)))], body


def wsgi(application, **options: Any):
    """Wraps a WSGI application. An admitted visitor's claims are in `environ["fairgate.admission"]`."""
    verifier = Verifier(**options)

    def guarded(environ, start_response):
        # An earlier value does not come from this check.
        environ.pop("fairgate.admission", None)
        verdict = verifier.verify(environ.get("HTTP_FAIRGATE_ADMISSION"))
        if isinstance(verdict, Admitted):
            environ["fairgate.admission"] = verdict.claims
            return application(environ, start_response)
        status, fields, body = _problem(verdict)
        start_response(status, fields)
        return [] if environ.get("REQUEST_METHOD") == "HEAD" else [body]

    return guarded


def asgi(application, **options: Any):
    """Wraps an ASGI application, HTTP and WebSocket. Claims are in `scope["fairgate.admission"]`."""
    verifier = Verifier(**options)

    async def guarded(scope, receive, send):
        if scope["type"] == "lifespan":
            return await application(scope, receive, send)
        values = [value for name, value in scope.get("headers", ()) if name.lower() == b"fairgate-admission"]
        header = b", ".join(values).decode("latin-1") if values else None
        verdict = await asyncio.to_thread(verifier.verify, header)
        if isinstance(verdict, Admitted):
            return await application({**scope, "fairgate.admission": verdict.claims}, receive, send)
        status, fields, body = _problem(verdict)
        if scope["type"] == "websocket":
            # Before it was accepted: servers answer 403.
            await receive()
            return await send({"type": "websocket.close", "code": 1008})
        headers = [(name.lower().encode(), value.encode()) for name, value in fields]
        await send({"type": "http.response.start", "status": int(status[:3]), "headers": headers})
        await send({"type": "http.response.body", "body": b"" if scope.get("method") == "HEAD" else body})

    return guarded
