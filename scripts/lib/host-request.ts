// A request to a local gateway in the name of a room's host, which `fetch` cannot send.

import { request } from 'node:http';
import { text } from 'node:stream/consumers';

/** @param host as rooms name it; `*`: the host of the URL */
export function requestAsHost(
  host: string,
  url: string,
  { method = 'GET', headers = {} }: { method?: string; headers?: Record<string, string> } = {},
): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const sent = request(
      url,
      { method, headers: { ...headers, ...(host === '*' ? {} : { Host: host }) } },
      (response) => {
        text(response).then((body) => resolve({ status: response.statusCode ?? 0, body }), reject);
      },
    );
    sent.once('error', reject);
    sent.end();
  });
}
