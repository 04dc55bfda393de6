// The requests of the bench as the bytes that go over the wire: the load generators send them as they are.

export interface RawRequest {
  method?: 'GET' | 'POST';
  host: string;
  path: string;
  headers?: Record<string, string>;
  /** Sent with its length. */
  body?: string;
}

export function rawRequest({ method = 'GET', host, path, headers = {}, body }: RawRequest): string {
  const fields = { Host: host, ...headers, ...(body === undefined ? {} : { 'Content-Length': String(body.length) }) };
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}`);
  return `${[`${method} ${path} HTTP/1.1`, ...lines].join('\r\n')}\r\n\r\n${body ?? ''}`;
}
