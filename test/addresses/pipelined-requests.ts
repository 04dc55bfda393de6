// Many requests over few connections, as bytes: a target is sent as it is, which no HTTP client does. What a server leaves
// unanswered because it closed the connection after a refusal is sent again.

import { connect, type Socket } from 'node:net';

export interface RawAnswer {
  /** 0: the server closed the connection without an answer, twice. */
  status: number;
  /** Header and body. */
  text: string;
}

export interface Pipeline {
  connections: number;
  /** Requests on the way at a time on one connection. */
  depth: number;
}

const ATTEMPTS_MAX = 2;

/** A server that takes longer for one answer has stalled. */
const SILENCE_MS_MAX = 20_000;

/** @param requests whole requests, one character for each byte; without HEAD */
export async function sendAll(port: number, requests: readonly string[], pipeline: Pipeline): Promise<RawAnswer[]> {
  const answers: RawAnswer[] = new Array(requests.length);
  const waiting = { next: 0 };
  const connection = async (): Promise<void> => {
    let unanswered: number[] = [];
    let failures = 0;
    while (unanswered.length > 0 || waiting.next < requests.length) {
      const before = unanswered[0] ?? waiting.next;
      unanswered = await untilClosed(port, requests, answers, unanswered, waiting, pipeline.depth);
      const [first] = unanswered;
      failures = before === (first ?? waiting.next) ? failures + 1 : 0;
      if (first === undefined && failures > ATTEMPTS_MAX) throw new Error(`Port ${port} accepts no connection.`);
      if (first === undefined || failures < ATTEMPTS_MAX) continue;
      answers[first] = { status: 0, text: '' };
      unanswered.shift();
    }
  };
  await Promise.all(Array.from({ length: pipeline.connections }, connection));
  return answers;
}

/** One connection. @returns the requests that it left unanswered, in order; empty: nothing is left to send */
function untilClosed(
  port: number,
  requests: readonly string[],
  answers: RawAnswer[],
  again: readonly number[],
  waiting: { next: number },
  depth: number,
): Promise<number[]> {
  return new Promise((resolve, reject) => {
    const toSend = [...again];
    const sent: number[] = [];
    let received: Buffer = Buffer.alloc(0);
    const socket: Socket = connect(port, '127.0.0.1', fill);
    const finish = () => {
      socket.destroy();
      resolve([...sent, ...toSend]);
    };
    function fill(): void {
      let text = '';
      while (sent.length < depth) {
        const next = toSend.shift() ?? (waiting.next < requests.length ? waiting.next++ : undefined);
        if (next === undefined) break;
        sent.push(next);
        text += requests[next];
      }
      if (text !== '') socket.write(text, 'latin1');
      else if (sent.length === 0) finish();
    }
    socket.setNoDelay(true);
    socket.setTimeout(SILENCE_MS_MAX, () => {
      socket.destroy();
      const [first = 0] = sent;
      reject(
        new Error(
          `No answer within ${SILENCE_MS_MAX / 1000} s from port ${port} to ${JSON.stringify(requests[first])}`,
        ),
      );
    });
    socket.on('data', (chunk: Buffer) => {
      received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
      for (let end = 0; ; received = received.subarray(end)) {
        const parsed = parseAnswer(received);
        if (parsed === null) break;
        end = parsed.end;
        const index = sent.shift();
        if (index === undefined) return void reject(new Error(`Port ${port} sent an answer to no request.`));
        answers[index] = parsed.answer;
        if (parsed.closes) {
          received = Buffer.alloc(0);
          return finish();
        }
      }
      if (sent.length <= depth / 2) fill();
    });
    socket.on('error', finish); // ECONNRESET: the server refused what it was sent after its last answer.
    socket.on('close', () => {
      const [index] = sent;
      const atEnd = index === undefined ? null : parseAnswer(received, true);
      if (atEnd !== null && index !== undefined) {
        answers[index] = atEnd.answer;
        sent.shift();
      }
      finish();
    });
  });
}

/** @param closed the connection has ended, and with it a body without a length */
function parseAnswer(received: Buffer, closed = false): { answer: RawAnswer; end: number; closes: boolean } | null {
  const headEnd = received.indexOf('\r\n\r\n');
  if (headEnd === -1) return null;
  const head = received.toString('latin1', 0, headEnd);
  const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(head)?.[1] ?? 0);
  const start = headEnd + 4;
  const closes = /^connection: *close/im.test(head);
  const result = (body: string, end: number) => ({ answer: { status, text: `${head}\r\n\r\n${body}` }, end, closes });
  if (status === 204 || status === 304) return result('', start);
  const length = /^content-length: *(\d+)/im.exec(head)?.[1];
  if (length !== undefined) {
    const end = start + Number(length);
    return received.length < end ? null : result(received.toString('utf8', start, end), end);
  }
  if (/^transfer-encoding: *chunked/im.test(head)) {
    let body = '';
    for (let at = start; ; ) {
      const lineEnd = received.indexOf('\r\n', at);
      if (lineEnd === -1) return null;
      const size = Number.parseInt(received.toString('latin1', at, lineEnd), 16);
      if (received.length < lineEnd + 4 + size) return null;
      if (size === 0) return result(body, lineEnd + 4);
      body += received.toString('utf8', lineEnd + 2, lineEnd + 2 + size);
      at = lineEnd + 4 + size;
    }
  }
  return closed ? result(received.toString('utf8', start), received.length) : null;
}
