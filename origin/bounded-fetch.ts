// One request to the gateway: answered whole, within a time and a size, or an error.

export interface BoundedAnswer {
  status: number;
  headers: Headers;
  text: string;
}

/** @throws where no answer comes in time, or a larger one */
export async function boundedFetch(
  ask: typeof fetch,
  url: string,
  init: RequestInit,
  { timeoutMs, bytesMax }: { timeoutMs: number; bytesMax: number },
): Promise<BoundedAnswer> {
  const signal = AbortSignal.timeout(timeoutMs);
  // A `fetch` of the site's own may ignore the signal.
  const late = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason));
  });
  const answer = async () => {
    const response = await ask(url, { ...init, redirect: 'manual', signal });
    const text = await readBounded(response, url, bytesMax);
    return { status: response.status, headers: response.headers, text };
  };
  return Promise.race([late, answer()]);
}

async function readBounded(response: Response, url: string, bytesMax: number): Promise<string> {
  if (response.body === null) return '';
  const decoder = new TextDecoder();
  const reader = response.body.getReader();
  let text = '';
  let bytes = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    bytes += value.byteLength;
    if (bytes > bytesMax) {
      await reader.cancel();
      throw new Error(`${url} returned more than ${bytesMax} bytes.`);
    }
    text += decoder.decode(value, { stream: true });
  }
}
