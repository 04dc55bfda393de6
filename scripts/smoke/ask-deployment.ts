// Everything that is asked of a deployment, and what the answers say.

import * as z from 'zod';
import { parseJson } from '../../worker/contract/json-text.ts';
import type { PublishedKey } from '../lib/token-forgeries.ts';
import { answered, type Finding, type ForgedFrom, note, type SmokeQuestion, well, wrong } from './finding.ts';
import { gateFindings } from './gate-findings.ts';
import { originFindings } from './origin-findings.ts';
import { askAsStranger } from './stranger-request.ts';
import { surroundingsFindings } from './surroundings-findings.ts';

export type Findings = { kind: 'found'; all: Finding[] } | { kind: 'unasked'; reason: string };

/** A gateway reads its board once a second. */
const BOARD_AGE_MS_MAX = 5_000;
/** A clock that is this far off is about to break something. */
const CLOCK_NOTED_MS = 5_000;
/** What tokens tolerate (`CLOCK_TOLERANCE_SECONDS`, docs/origin.md). */
const CLOCK_MS_MAX = 30_000;
/** A site that keeps the keys longer refuses everybody after they were rotated. */
const KEYS_KEPT_SECONDS_MAX = 3_600;

const board = z.object({
  epoch: z.int().positive(),
  state: z.string(),
  asOf: z.iso.datetime(),
  serverTime: z.iso.datetime(),
});
const keySet = z.object({ keys: z.array(z.looseObject({ kty: z.string(), kid: z.string() })).min(1) });

export async function smokeFindings(question: SmokeQuestion): Promise<Findings> {
  const { url, room, audience } = question;
  const read = await askAsStranger(`${url}/_fairgate/rooms/${encodeURIComponent(room)}/board`);
  if (read.kind === 'silence') {
    const reason = `${url} does not answer: ${read.reason}. Check the name, the certificate and the route.`;
    return { kind: 'unasked', reason };
  }
  const parsed = board.safeParse(parseJson(read.text));
  const keys = await readKeys(url);
  const claims = { room, audience, issuer: url, epoch: parsed.data?.epoch ?? 1 };
  const forged: ForgedFrom = { claims, key: keys.key ?? { kid: 'unknown' } };
  return {
    kind: 'found',
    all: [
      ...(read.status === 200 && parsed.success
        ? boardFindings(parsed.data, room)
        : [
            wrong(
              `Room "${room}": its board answers ${read.status}, and is no board. Does ${url} lead to Fairgate, and is there such a room (--room)?`,
            ),
          ]),
      ...keys.findings,
      ...(await gateFindings(question, forged)),
      ...(await surroundingsFindings(question)),
      ...(await originFindings(question, forged)),
    ],
  };
}

function boardFindings({ state, asOf, serverTime }: z.infer<typeof board>, room: string): Finding[] {
  const age = Date.parse(serverTime) - Date.parse(asOf);
  const off = Date.parse(serverTime) - Date.now();
  const seconds = (ms: number) => Math.round(ms / 1_000);
  return [
    age <= BOARD_AGE_MS_MAX
      ? well(`Room "${room}" is ${state}; its numbers are ${seconds(age)} s old.`)
      : wrong(
          `Room "${room}": its numbers are ${seconds(age)} s old. The store does not answer the gateway: read its log.`,
        ),
    clockFinding(off, seconds(off)),
  ];
}

function clockFinding(off: number, seconds: number): Finding {
  if (Math.abs(off) <= CLOCK_NOTED_MS) return well('The clocks of the gateway and of this machine agree.');
  const text = `The board's time is ${seconds} s from this machine's`;
  return Math.abs(off) <= CLOCK_MS_MAX
    ? note(`${text}. One of the clocks is wrong, or a cache keeps the board.`)
    : wrong(
        `${text}, and tokens tolerate ${CLOCK_MS_MAX / 1_000} s. Set the clock that is wrong (NTP), or have no cache keep the board for longer than its header says.`,
      );
}

async function readKeys(url: string): Promise<{ key: PublishedKey | null; findings: Finding[] }> {
  const answer = await askAsStranger(`${url}/.well-known/jwks.json`);
  const keys = keySet.safeParse(parseJson(answer.kind === 'answer' ? answer.text : ''));
  if (answer.kind === 'silence' || answer.status !== 200 || !keys.success) {
    const text = `The public keys at ${url}/.well-known/jwks.json answer ${answered(answer)}, and no set of keys: no site can check a token.`;
    return { key: null, findings: [wrong(text)] };
  }
  const published = keys.data.keys;
  const [key = null] = published;
  if (published.some((one) => 'd' in one)) {
    return { key, findings: [wrong('The public keys contain a private one. Make new signing keys now.')] };
  }
  const caching = answer.header('Cache-Control') ?? '';
  const kept = /no-store/.test(caching) ? 0 : Number(/max-age=(\d+)/.exec(caching)?.[1] ?? 0);
  const findings =
    kept > 0 && kept <= KEYS_KEPT_SECONDS_MAX
      ? [
          well(
            `${published.length} public ${published.length === 1 ? 'key' : 'keys'} can be fetched, and kept for ${kept} s.`,
          ),
        ]
      : [
          wrong(
            `The public keys come with "Cache-Control: ${caching}" instead of the gateway's max-age=300: ${kept === 0 ? 'every site fetches them again and again' : 'sites refuse everybody for as long after keys were rotated'}. Something before the gateway changes its headers.`,
          ),
        ];
  return { key, findings };
}
