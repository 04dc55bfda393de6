// One request as a stranger sends it: no cookie jar, no redirect followed, and where nothing answers, why not.

import { request as requestByHttp } from 'node:http';
import { request as requestByHttps } from 'node:https';

/** Until there is a connection, and from then on until the answer is there. */
const REQUEST_MS_MAX = 10_000;
const BODY_CHARS_MAX = 262_144;

export interface Answer {
  kind: 'answer';
  status: number;
  /** null: no such header. */
  header(name: string): string | null;
  /** Cut at BODY_CHARS_MAX. */
  text: string;
}

/**
 * `closed`: nobody gets a connection, or none without a certificate of their own. `unknown`: nothing answers, but that proves nothing:
 * an unknown name, a server that is only slow, a network that is down.
 */
export interface Silence {
  kind: 'silence';
  means: 'closed' | 'unknown';
  reason: string;
}

export interface StrangerRequest {
  headers?: Record<string, string>;
  /** Another host to ask for than the address names, as somebody does who knows the server's number. */
  host?: string;
  /** Whom a certificate was made out to, and by whom, keeps nobody out who does not care. */
  anyCertificate?: true;
}

const CLOSED_CODES = ['ECONNREFUSED', 'ECONNRESET', 'ETIMEDOUT'];
const SLOW = 'FAIRGATE_SLOW';

export function askAsStranger(
  address: string,
  { headers = {}, host, anyCertificate }: StrangerRequest = {},
): Promise<Answer | Silence> {
  const url = new URL(address);
  const isHttps = url.protocol === 'https:';
  return new Promise((resolve) => {
    const options = {
      headers: { Accept: '*/*', ...headers, ...(host === undefined ? {} : { Host: host }) },
      agent: false,
      ...(host === undefined ? {} : { servername: new URL(`https://${host}`).hostname }),
      ...(anyCertificate === true ? { rejectUnauthorized: false } : {}),
    };
    const sent = (isHttps ? requestByHttps : requestByHttp)(url, options);
    const noConnection = setTimeout(() => sent.destroy(failure('ETIMEDOUT')), REQUEST_MS_MAX);
    let noAnswer: NodeJS.Timeout | undefined;
    const end = (outcome: Answer | Silence) => {
      clearTimeout(noConnection);
      clearTimeout(noAnswer);
      resolve(outcome);
      sent.destroy();
    };
    sent.once('socket', (socket) => {
      socket.once('connect', () => {
        clearTimeout(noConnection);
        noAnswer = setTimeout(() => sent.destroy(failure(SLOW)), REQUEST_MS_MAX);
      });
    });
    sent.once('error', (error) => end(silenceOf(error, isHttps)));
    sent.once('response', (response) => {
      let text = '';
      const answered = () =>
        end({
          kind: 'answer',
          status: response.statusCode ?? 0,
          header: (name) => textOf(response.headers[name.toLowerCase()]),
          text,
        });
      response.setEncoding('utf8');
      response.on('data', (part: string) => {
        text = (text + part).slice(0, BODY_CHARS_MAX);
        if (text.length === BODY_CHARS_MAX) answered();
      });
      response.once('end', answered);
      response.once('error', (error) => end(silenceOf(error, isHttps)));
    });
    sent.end();
  });
}

function silenceOf(error: Error, isHttps: boolean): Silence {
  // Several addresses of one name failed: an AggregateError.
  const errors = error instanceof AggregateError ? (error.errors as Error[]) : [error];
  const codes = errors.map(codeOf);
  const isClosed = codes.every((code) => CLOSED_CODES.includes(code) || (isHttps && /^ERR_SSL_.*ALERT/.test(code)));
  return {
    kind: 'silence',
    means: isClosed ? 'closed' : 'unknown',
    reason: [...new Set(codes.map(inWords))].join(', '),
  };
}

function inWords(code: string): string {
  switch (code) {
    case 'ECONNREFUSED':
      return 'it refuses connections';
    case 'ECONNRESET':
      return 'it cuts connections off';
    case 'ETIMEDOUT':
      return `no connection within ${REQUEST_MS_MAX / 1_000} s`;
    case SLOW:
      return `connected, but no answer within ${REQUEST_MS_MAX / 1_000} s`;
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `the name is not found (${code})`;
    default:
      return code;
  }
}

function codeOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : error.message;
}

function failure(code: string): Error {
  return Object.assign(new Error(code), { code });
}

function textOf(value: string | string[] | undefined): string | null {
  return Array.isArray(value) ? value.join(', ') : (value ?? null);
}
