// Responses that go on: downloads, event streams and WebSockets end with the visitor's session, so that the limit of visitors
// inside holds for them too. Short content is left alone, and content that the runtime would decode to pass it on.

import type { Background } from '../http/request-env.ts';

/** A session that ended is noticed this much later at most, besides what the gateway's view is behind. */
const CHECK_MS = 1_000;

/** Shorter content is sent before a session could end. */
const SHORT_BYTES_MAX = 1_048_576;

/**
 * Content codings that the runtime decodes where it reads a body, exactly as it compares them. Any other is passed on as it is:
 * event streams often have `Content-Encoding: none`, which keeps proxies from compressing them.
 */
const DECODED_CODINGS = ['gzip', 'br'];

/** RFC 6455, 7.4.1: a policy was violated. */
const POLICY_VIOLATION = 1008;
const INTERNAL_ERROR = 1011;
/** Reported for a close without a code (RFC 6455, 7.4.1). */
const NO_CODE = 1005;
/** Reported for a connection that was lost, or could not be encrypted; no endpoint may send these. */
const LOST = [1006, 1015];

interface Watched {
  isOver: () => Promise<boolean>;
  /** Runs once when nothing of the response is left to send. */
  ended: () => void;
  /** Without it the runtime forgets what was to be done after the response as soon as that is sent. */
  background: Background;
}

/** The response, cut off as soon as `isOver` says so. */
export function endWithSession(response: Response, { isOver, ended, background }: Watched): Response {
  const { status, statusText, headers, body, webSocket } = response;
  if (webSocket) {
    const relayed = relayUntil(webSocket, isOver, ended);
    return new Response(null, { status, statusText, headers, webSocket: relayed });
  }
  if (body === null || DECODED_CODINGS.includes(headers.get('Content-Encoding') ?? '') || isShort(headers)) {
    ended();
    return response;
  }
  const controller = new AbortController();
  const stop = watch(isOver, () => controller.abort());
  const { readable, writable } = pipe(headers);
  // A client that closes the connection ends it too.
  const sent = body
    .pipeTo(writable, { signal: controller.signal })
    .catch(() => {})
    .finally(() => {
      stop();
      ended();
    });
  background(sent);
  return new Response(readable, { status, statusText, headers });
}

function isShort(headers: Headers): boolean {
  const length = headers.get('Content-Length');
  return length !== null && Number(length) <= SHORT_BYTES_MAX;
}

/** The runtime's own pipes need no JavaScript for each chunk, and keep the Content-Length. */
function pipe(headers: Headers): { readable: ReadableStream; writable: WritableStream } {
  const length = headers.get('Content-Length');
  if (typeof FixedLengthStream === 'undefined') return new TransformStream();
  return length === null ? new IdentityTransformStream() : new FixedLengthStream(Number(length));
}

/** Calls `end` once `isOver` says so. @returns what stops it */
function watch(isOver: () => Promise<boolean>, end: () => void): () => void {
  let timer: ReturnType<typeof setTimeout>;
  const check = async () => {
    // What cannot be found out is over.
    if (await isOver().catch(() => true)) end();
    else timer = setTimeout(check, CHECK_MS);
  };
  timer = setTimeout(check, CHECK_MS);
  return () => clearTimeout(timer);
}

function relayUntil(origin: WebSocket, isOver: () => Promise<boolean>, ended: () => void): WebSocket {
  const [visitor, gateway] = Object.values(new WebSocketPair()) as [WebSocket, WebSocket];
  for (const socket of [origin, gateway]) {
    // Unless set, binary messages come as Blobs, which the runtime sends on as the text "[object Blob]".
    socket.binaryType = 'arraybuffer';
    socket.accept();
  }
  const stop = watch(isOver, () => {
    gateway.close(POLICY_VIOLATION, 'The session is over.');
    origin.close(POLICY_VIOLATION, 'The session is over.');
  });
  const finish = () => {
    stop();
    ended();
  };
  copy(origin, gateway, finish);
  copy(gateway, origin, finish);
  return visitor;
}

/** Copies messages, and the end of the connection with its code. */
function copy(from: WebSocket, to: WebSocket, finish: () => void): void {
  from.addEventListener('message', ({ data }) => {
    if (to.readyState === WebSocket.OPEN) to.send(data);
  });
  from.addEventListener('close', ({ code, reason }) => {
    closeLike(to, code, reason);
    finish();
  });
  from.addEventListener('error', () => {
    closeLike(to, INTERNAL_ERROR, '');
    finish();
  });
}

/** Closes a side as the other one was closed: without a code where it had none, and with an error where it was lost. */
function closeLike(socket: WebSocket, code: number, reason: string): void {
  if (socket.readyState !== WebSocket.OPEN) return;
  // The runtime throws for a reason, even an empty one, without a code.
  if (code === NO_CODE) socket.close();
  else if (LOST.includes(code)) socket.close(INTERNAL_ERROR);
  else socket.close(code, reason);
}
