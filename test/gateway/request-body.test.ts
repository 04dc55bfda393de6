// Bodies that the gateway reads itself: whole within the bound, and nothing beyond it, whatever a request says of its length.

import fc from 'fast-check';
import { afterEach, expect, test, vi } from 'vitest';
import { BodyTooSlow, readBytes } from '../../worker/http/request-body.ts';

const BYTES_MAX = 64;

afterEach(() => {
  vi.useRealTimers();
});

function requestWith(chunks: readonly Uint8Array[], headers: Record<string, string>) {
  let isCancelled = false;
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(chunk);
      controller.close();
    },
    cancel() {
      isCancelled = true;
    },
  });
  const request = new Request('http://site.test/', { method: 'POST', body, headers, duplex: 'half' } as RequestInit);
  return { request, wasCancelled: () => isCancelled };
}

/** What a request says of its length: the truth, nothing, or anything else that a runtime might let through. */
const announced = (bytes: number) =>
  fc.oneof(
    fc.constant<Record<string, string>>({}),
    fc.constant({ 'Content-Length': String(bytes) }),
    fc.nat(BYTES_MAX).map((length) => ({ 'Content-Length': String(length) })),
    fc.constantFrom('', '-1', '+2', '0x2', '2, 2', 'two', '1e1').map((length) => ({ 'Content-Length': length })),
    fc.nat().map((length) => ({ 'Content-Length': String(length), 'Transfer-Encoding': 'chunked' })),
  );

const bodies = fc
  .array(fc.uint8Array({ maxLength: BYTES_MAX / 2, size: 'max' }), { maxLength: 4, size: 'max' })
  .chain((chunks) => fc.record({ chunks: fc.constant(chunks), headers: announced(Buffer.concat(chunks).length) }));

test('a body within the bound is read whole, and none beyond it, whatever the request says of its length', async () => {
  await fc.assert(
    fc.asyncProperty(bodies, async ({ chunks, headers }) => {
      const whole = Buffer.concat(chunks);
      const read = await readBytes(requestWith(chunks, headers).request, BYTES_MAX);
      if (whole.length > BYTES_MAX) expect(read).toBe(null);
      else expect(Buffer.from(read ?? [])).toEqual(whole);
    }),
    { numRuns: 500 },
  );
});

test('a body that announces more than the bound is cancelled unread', async () => {
  const { request, wasCancelled } = requestWith([new Uint8Array(1)], { 'Content-Length': String(BYTES_MAX + 1) });
  expect(await readBytes(request, BYTES_MAX)).toBe(null);
  expect(wasCancelled()).toBe(true);
});

test.each([{}, { 'Content-Length': '2' }])('a body that stops is given up after its time (%o)', async (headers) => {
  vi.useFakeTimers();
  const body = new ReadableStream({ start: (controller) => controller.enqueue(new Uint8Array(1)) });
  const request = new Request('http://site.test/', { method: 'POST', body, headers, duplex: 'half' } as RequestInit);
  const read = expect(readBytes(request, BYTES_MAX)).rejects.toThrow(BodyTooSlow);
  await vi.advanceTimersByTimeAsync(60_000);
  await read;
});

test('where another field decides, an announced length bounds nothing: an endless body is cut off at the bound', async () => {
  let pulled = 0;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      pulled += BYTES_MAX;
      if (pulled > 100 * BYTES_MAX) throw new Error('It was read on and on.');
      controller.enqueue(new Uint8Array(BYTES_MAX));
    },
  });
  const headers = { 'Content-Length': '2', 'Transfer-Encoding': 'chunked' };
  const request = new Request('http://site.test/', { method: 'POST', body, headers, duplex: 'half' } as RequestInit);
  expect(await readBytes(request, BYTES_MAX)).toBe(null);
});
