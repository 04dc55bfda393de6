// The body of a visitor's request on its way to the origin. It may be large and slow, but must go on: clients that send a byte
// now and then would hold connections of the gateway and the origin.

import { arrived } from '../http/request-body.ts';

/** A body may begin this slowly, and from then on must arrive faster than this; a mobile phone in a tunnel does. */
const GRACE_MS = 20_000;
const BYTES_PER_SECOND_MIN = 500;
/** How far ahead of that rate a body counts: after a fast beginning, a pause of this length ends it too. */
const AHEAD_MS_MAX = 60_000;

interface PacedBody {
  body: ReadableStream<Uint8Array>;
  /** Settles when all of it has been passed on. @throws BodyTooSlow */
  sent: Promise<void>;
}

/** @param onProgress runs for each chunk that is passed on */
export function pacedBody(body: ReadableStream<Uint8Array>, length: string | null, onProgress: () => void): PacedBody {
  const { readable, writable } = pipe(length);
  return { body: readable, sent: pump(body, writable, onProgress) };
}

async function pump(
  body: ReadableStream<Uint8Array>,
  writable: WritableStream<Uint8Array>,
  onProgress: () => void,
): Promise<void> {
  const reader = body.getReader();
  const writer = writable.getWriter();
  let deadline = Date.now() + GRACE_MS;
  try {
    for (;;) {
      const { done, value } = await arrived(reader.read(), deadline);
      if (done) break;
      const earned = (value.byteLength * 1_000) / BYTES_PER_SECOND_MIN;
      deadline = Math.min(deadline + earned, Date.now() + AHEAD_MS_MAX);
      const startedAt = Date.now();
      await writer.write(value);
      // The time that the origin takes to read is not the client's.
      deadline += Date.now() - startedAt;
      onProgress();
    }
    await writer.close();
  } catch (error) {
    await Promise.allSettled([reader.cancel(error), writer.abort(error)]);
    throw error;
  }
}

/** With the length of the body where the client stated it, so that the origin gets it too. */
function pipe(length: string | null): { readable: ReadableStream<Uint8Array>; writable: WritableStream<Uint8Array> } {
  if (length === null || typeof FixedLengthStream === 'undefined') return new TransformStream();
  return new FixedLengthStream(Number(length));
}
