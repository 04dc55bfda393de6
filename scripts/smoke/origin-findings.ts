// Whether the site's own address refuses a stranger: everything there that is not known to be a refusal counts as wrong.

import { type Forgery, forgedToken } from '../lib/token-forgeries.ts';
import { answered, type Finding, type ForgedFrom, note, type SmokeQuestion, well, wrong } from './finding.ts';
import { carried, FORGERIES } from './gate-findings.ts';
import { type Answer, askAsStranger, type Silence, type StrangerRequest } from './stranger-request.ts';

export async function originFindings(question: SmokeQuestion, forged: ForgedFrom): Promise<Finding[]> {
  if (question.origins.length === 0) {
    return [note('Whether the site itself refuses strangers was not asked: --origin ADDRESS.')];
  }
  const findings: Finding[] = [];
  for (const origin of question.origins) {
    for (const path of question.paths) findings.push(await originFinding(origin, path, question, forged));
  }
  return findings;
}

async function originFinding(
  origin: string,
  path: string,
  { url, room }: SmokeQuestion,
  { claims, key }: ForgedFrom,
): Promise<Finding> {
  const address = `${origin}${path}`;
  const page = { Accept: 'text/html' };
  const requests: [how: string, request: StrangerRequest][] = [
    ['', { headers: page }],
    // Who knows the server's number asks it for the name that visitors use.
    [` who asks it for ${new URL(url).host}`, { headers: page, host: new URL(url).host }],
    ...(Object.keys(FORGERIES) as Forgery[]).flatMap((forgery) =>
      carried(forgedToken(forgery, claims, key), room).map(([where, headers]): [string, StrangerRequest] => [
        ` with a forged token ${where.replace('that only the gateway may set', 'Fairgate-Admission')}`,
        { headers: { ...page, ...headers } },
      ]),
    ),
  ];
  let refusal = '';
  for (const [how, request] of requests) {
    const answer = await askAsStranger(address, { ...request, anyCertificate: true });
    const isOtherHost = request.host !== undefined && request.host !== new URL(origin).host;
    const judged = judge(answer, url, isOtherHost);
    switch (judged.kind) {
      case 'closed':
        return well(`The site itself (${origin}) is closed to this machine: ${judged.reason}.`);
      case 'refuses':
        refusal ||= judged.reason;
        break;
      case 'unknown':
        return wrong(
          `Whether the site itself (${origin}) refuses a stranger${how} is not known: ${path} answers ${judged.reason}. Name an address and a protected --path that answer.`,
        );
      case 'open':
        return wrong(
          `The site itself (${origin}) answers a stranger${how} at ${path} with ${answered(answer)}. Anyone who knows this address passes the line: check tokens there (docs/origin.md).`,
        );
    }
  }
  return well(`The site itself (${origin}) refuses a stranger at ${path}, also with forged tokens (${refusal}).`);
}

type Judged = { kind: 'closed' | 'refuses' | 'unknown'; reason: string } | { kind: 'open' };

/** @param isOtherHost the site need not have the host that was asked for */
function judge(answer: Answer | Silence, url: string, isOtherHost: boolean): Judged {
  if (answer.kind === 'silence') {
    return {
      kind: answer.means === 'closed' ? 'closed' : 'unknown',
      reason: answered(answer).replace(/^nothing \((.*)\)$/, '$1'),
    };
  }
  const { status } = answer;
  if (status === 401 || status === 403) return { kind: 'refuses', reason: String(status) };
  // Servers that require a client's certificate say so with 400.
  if (status === 400 && /certificate/i.test(answer.text))
    return { kind: 'refuses', reason: '400, no client certificate' };
  const location = URL.parse(answer.header('Location') ?? '');
  if (status >= 300 && status < 400 && location?.origin === url) {
    return { kind: 'refuses', reason: `${status} to ${url}` };
  }
  if (isOtherHost && (status === 404 || status === 421)) return { kind: 'refuses', reason: String(status) };
  return status >= 400 ? { kind: 'unknown', reason: String(status) } : { kind: 'open' };
}
