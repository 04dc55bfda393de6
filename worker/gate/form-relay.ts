// Another site's form, for example of a payment or sign-in provider: browsers send it without the visitor's cookies
// (SameSite), so it arrives as if from a stranger. The gateway answers with a page of this site whose own form sends the
// request again, now with the cookies, and the origin gets it as it was.
//
// The origin must not take it for a form of its own pages, or any site could act for its visitors. So it gets the origin and
// site that the browser named first, and of the cookies only those that the browser sent along at first.

import { sha256 } from '@noble/hashes/sha2.js';
import * as z from 'zod';
import { readBytes } from '../http/request-body.ts';
import { isCrossSite } from '../http/request-client.ts';
import { RELAYED_FIELD } from '../pages/relay-page.tsx';
import { COOKIE_CHARS_MAX, cookiePairs } from '../tokens/cookies.ts';

/** A longer form is not sent again: it is said to be lost. */
export const FORM_BYTES_MAX = 65_536;

/** The form in base64, and what is said about it. */
const RELAYED_BYTES_MAX = 4 * (FORM_BYTES_MAX + COOKIE_CHARS_MAX);

const fieldValue = z.string().regex(/^[\t -~\x80-\xff]*$/);

/** What the browser said of the request at first. */
const relayedSchema = z.object({
  contentType: fieldValue.nullable(),
  body: z.base64(),
  origin: fieldValue.nullable(),
  referer: fieldValue.nullable(),
  /** Digests of its cookies, each with its name: a cookie of the same name with another value did not come with it. */
  cookies: z.array(z.string()),
});

/** @returns the value of the field that carries the form; null if it is too long */
export async function relayed(request: Request): Promise<string | null> {
  const body = await readBytes(request, FORM_BYTES_MAX);
  if (body === null) return null;
  const { headers } = request;
  const form: z.input<typeof relayedSchema> = {
    contentType: headers.get('Content-Type'),
    body: body.toBase64(),
    origin: headers.get('Origin'),
    referer: headers.get('Referer'),
    cookies: cookiePairs(headers.get('Cookie') ?? '').map(digestOf),
  };
  return new TextEncoder().encode(JSON.stringify(form)).toBase64({ alphabet: 'base64url', omitPadding: true });
}

/**
 * The request as another site's form made it, where this one is sent by a page of `relayed`; every other request unchanged.
 * Only this site's own pages can send such a request, so it says no more than its visitor could.
 */
export async function unrelayed(request: Request): Promise<Request> {
  if (!mayBeRelayed(request)) return request;
  const bytes = await readBytes(request, RELAYED_BYTES_MAX);
  if (bytes === null) return request;
  const form = parseRelayed(new TextDecoder().decode(bytes));
  if (form === null) return new Request(request, { body: bytes });
  const headers = new Headers(request.headers);
  const first = new Set(form.cookies);
  const cookies = cookiePairs(headers.get('Cookie') ?? '').filter((pair) => first.has(digestOf(pair)));
  setOrDelete(headers, 'Content-Type', form.contentType);
  setOrDelete(headers, 'Origin', form.origin);
  setOrDelete(headers, 'Referer', form.referer);
  setOrDelete(headers, 'Cookie', cookies.length === 0 ? null : cookies.join('; '));
  if (headers.has('Sec-Fetch-Site')) headers.set('Sec-Fetch-Site', 'cross-site');
  headers.delete('Sec-Fetch-User');
  headers.delete('Content-Length');
  return new Request(request, { headers, body: Uint8Array.fromBase64(form.body) });
}

/** Hardly any site sends forms as text; of those that do, short ones are read before they are forwarded. */
export function mayBeRelayed(request: Request): boolean {
  const { method, headers } = request;
  const isText = /^text\/plain\b/i.test(headers.get('Content-Type') ?? '');
  const length = Number(headers.get('Content-Length') ?? Number.NaN);
  return method === 'POST' && isText && length <= RELAYED_BYTES_MAX && !isCrossSite(request);
}

function parseRelayed(text: string): z.output<typeof relayedSchema> | null {
  const field = new RegExp(`^${RELAYED_FIELD}=([A-Za-z0-9_-]+)\\r\\n$`).exec(text)?.[1];
  if (field === undefined) return null;
  try {
    const json = new TextDecoder().decode(Uint8Array.fromBase64(field, { alphabet: 'base64url' }));
    return relayedSchema.safeParse(JSON.parse(json)).data ?? null;
  } catch {
    return null; // SyntaxError: neither base64 nor JSON
  }
}

function digestOf(cookie: string): string {
  return sha256(new TextEncoder().encode(cookie)).toBase64({ alphabet: 'base64url', omitPadding: true });
}

function setOrDelete(headers: Headers, name: string, value: string | null): void {
  if (value === null) headers.delete(name);
  else headers.set(name, value);
}
