// What somebody without a place gets at a protected path, however they ask.

import { parseJson } from '../../worker/contract/json-text.ts';
import { PROBLEM_TYPE_BASE } from '../../worker/contract/problem-schema.ts';
import { type Forgery, forgedToken } from '../lib/token-forgeries.ts';
import { answered, type Finding, type ForgedFrom, type SmokeQuestion, well, wrong } from './finding.ts';
import { type Answer, askAsStranger, type Silence } from './stranger-request.ts';

export const FORGERIES: Record<Forgery, string> = {
  ownKey: 'signed by somebody else',
  ownKeyInside: 'that brings its key along',
  unsigned: 'that says it needs no signature',
  publicKeyAsSecret: 'with the public key as the secret',
  zeros: 'with a signature of zeros',
};

/** Where a client can put an admission token. */
const CARRIERS: Record<string, (token: string, room: string) => Record<string, string>> = {
  'as Bearer': (token) => ({ Authorization: `Bearer ${token}` }),
  'in cookies': (token, room) => {
    const name = `fairgate-admission-${room}`;
    return { Cookie: `__Host-${name}=${token}; ${name}=${token}` };
  },
  'in the header that only the gateway may set': (token) => ({ 'Fairgate-Admission': token }),
};

export function carried(token: string, room: string): [where: string, headers: Record<string, string>][] {
  return Object.entries(CARRIERS).map(([where, headers]) => [where, headers(token, room)]);
}

export async function gateFindings(question: SmokeQuestion, forged: ForgedFrom): Promise<Finding[]> {
  const findings = await Promise.all(question.paths.map((path) => pathFindings(question, path, forged)));
  return findings.flat();
}

async function pathFindings({ url, room }: SmokeQuestion, path: string, forged: ForgedFrom): Promise<Finding[]> {
  const address = `${url}${path}`;
  const bare = await askAsStranger(address);
  const findings = [
    isRefusal(bare)
      ? well(`${path} without a token is refused.`)
      : wrong(`${path} without a token ${notRefused(bare)}`),
  ];
  const answers: (Answer | Silence)[] = [bare];
  for (const where of Object.keys(CARRIERS)) {
    const believed: string[] = [];
    for (const [forgery, name] of Object.entries(FORGERIES) as [Forgery, string][]) {
      const token = forgedToken(forgery, forged.claims, forged.key);
      const answer = await askAsStranger(address, { headers: CARRIERS[where]?.(token, room) ?? {} });
      answers.push(answer);
      if (!isRefusal(answer)) believed.push(`${path} with a token ${name} ${where} ${notRefused(answer)}`);
    }
    findings.push(
      believed[0] === undefined ? well(`${path} with forged tokens ${where} is refused.`) : wrong(believed[0]),
    );
  }
  const page = await askAsStranger(address, { headers: { Accept: 'text/html' } });
  findings.push(...(await pageFindings(page, path, `${url}/_fairgate/rooms/${encodeURIComponent(room)}/wait`)));
  findings.push(cacheFinding([...answers, page], path));
  return findings;
}

function isRefusal(answer: Answer | Silence): boolean {
  if (answer.kind === 'silence' || answer.status !== 403) return false;
  const problem = parseJson(answer.text);
  return (
    typeof problem === 'object' &&
    problem !== null &&
    'type' in problem &&
    problem.type === `${PROBLEM_TYPE_BASE}no-admission`
  );
}

function notRefused(answer: Answer | Silence): string {
  const type = answer.kind === 'answer' ? ` (${answer.header('Content-Type') ?? 'no type'})` : '';
  return `answers ${answered(answer)}${type} and not with the gateway's refusal: the gate does not stand before it, or the path is not protected.`;
}

/**
 * The gateway's page is known by its policy, which allows exactly the scripts of this version by their hashes: the page of a site that
 * mentions the gateway's addresses has another.
 */
async function pageFindings(page: Answer | Silence, path: string, waitAddress: string): Promise<Finding[]> {
  const opens = `A person who opens ${path} gets`;
  if (page.kind === 'silence') return [wrong(`${opens} ${answered(page)}.`)];
  const own = await askAsStranger(waitAddress, { headers: { Accept: 'text/html' } });
  // No such room: what its board said.
  if (own.kind === 'answer' && own.status === 404) return [];
  const policy = page.header('Content-Security-Policy') ?? '';
  const expected = own.kind === 'answer' ? own.header('Content-Security-Policy') : null;
  if (policy !== expected) return [wrong(`${opens} ${page.status}, and not the gateway’s page.`)];
  const missing = [
    ...["default-src 'none'", "frame-ancestors 'none'"].filter((directive) => !policy.includes(directive)),
    ...(page.header('X-Content-Type-Options') === 'nosniff' ? [] : ['X-Content-Type-Options: nosniff']),
    ...(page.header('Referrer-Policy') === null ? ['Referrer-Policy'] : []),
  ];
  return [
    missing.length === 0
      ? well(`${opens} the gateway's page with its security headers.`)
      : wrong(
          `${opens} the gateway's page without ${missing.join(', ')}: something before the gateway changes its headers.`,
        ),
  ];
}

function cacheFinding(answers: (Answer | Silence)[], path: string): Finding {
  for (const answer of answers) {
    if (answer.kind === 'silence') continue;
    const caching = answer.header('Cache-Control') ?? '';
    if (!/\bno-store\b/.test(caching)) {
      return wrong(
        `${path} answers ${answer.status} with "Cache-Control: ${caching}" instead of no-store: a cache may give it to others.`,
      );
    }
    const hit = [
      ['CF-Cache-Status', /^(?:HIT|STALE|REVALIDATED|UPDATING)$/i],
      ['X-Cache', /\bHIT\b/i],
      ['Age', /^0*[1-9]/],
    ] as const;
    const found = hit.find(([name, pattern]) => pattern.test(answer.header(name) ?? ''));
    if (found !== undefined) {
      const [name] = found;
      return wrong(
        `${path} came from a cache (${name}: ${answer.header(name)}): what one visitor gets another one would get too. Exempt every path of the gateway from caching.`,
      );
    }
  }
  return well(`Nothing of ${path} came from a cache, and none may keep it.`);
}
