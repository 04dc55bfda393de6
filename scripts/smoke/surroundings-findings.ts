// What stands beside the gate: the console, the operators' API, plain http, and addresses at which nothing may answer.

import { isLoopback } from '../../worker/contract/loopback.ts';
import { CONSOLE_PATH, METRICS_PATH, OPERATOR_PATH } from '../../worker/contract/operator-api.ts';
import { answered, type Finding, note, type SmokeQuestion, well, wrong } from './finding.ts';
import { type Answer, askAsStranger, type Silence } from './stranger-request.ts';

export async function surroundingsFindings(question: SmokeQuestion): Promise<Finding[]> {
  return [
    await consoleFinding(question),
    ...(await operatorFindings(question)),
    ...(await plainHttpFindings(question)),
    ...(await closedFindings(question)),
  ].filter((finding) => finding !== null);
}

async function consoleFinding({ url, consoleUrl }: SmokeQuestion): Promise<Finding | null> {
  const here = await askAsStranger(`${url}${CONSOLE_PATH}`);
  const isHere = here.kind === 'answer' && here.status === 200;
  if (consoleUrl === null || consoleUrl === url) {
    return isHere
      ? note('The console is on the visitors’ host. Give it one of its own: CONSOLE_URL (docs/operators.md).')
      : null;
  }
  const there = await askAsStranger(`${consoleUrl}${CONSOLE_PATH}`);
  // Something that asks for a sign-in of its own may stand before it.
  const isThere = there.kind === 'answer' && there.status < 404;
  return isThere && !isHere
    ? well(`The console is at ${consoleUrl} alone.`)
    : wrong(
        `The console answers ${answered(there)} at ${consoleUrl} and ${answered(here)} at ${url}. Set CONSOLE_URL.`,
      );
}

async function operatorFindings({ url, consoleUrl }: SmokeQuestion): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const base of new Set([url, consoleUrl ?? url])) {
    for (const [what, path] of [
      ['Metrics', METRICS_PATH],
      ['The operators’ API', `${OPERATOR_PATH}/rooms`],
    ] as const) {
      const answer = await askAsStranger(`${base}${path}`);
      findings.push(
        isRefusedToStrangers(answer)
          ? well(`${what} at ${base} ${what === 'Metrics' ? 'need' : 'needs'} a key.`)
          : wrong(`${what} at ${base} ${what === 'Metrics' ? 'answer' : 'answers'} ${answered(answer)} without a key.`),
      );
    }
  }
  return findings;
}

/** 404: a host that operators do not use. A redirect: a sign-in that stands before the console. */
function isRefusedToStrangers(answer: Answer | Silence): boolean {
  return answer.kind === 'answer' && (answer.status === 302 || [401, 403, 404].includes(answer.status));
}

async function plainHttpFindings({ url, paths }: SmokeQuestion): Promise<Finding[]> {
  const { protocol, hostname, port } = new URL(url);
  if (protocol === 'http:') {
    if (isLoopback(hostname)) return [];
    return [wrong(`${url} is not https: anyone on the way can read tokens and use them.`)];
  }
  // Where https has a port of its own, nobody comes to that port by http.
  if (port !== '') return [];
  const answer = await askAsStranger(`http://${hostname}${paths[0]}`);
  if (answer.kind === 'silence') {
    return [well(`Plain http at ${hostname} answers nothing (${answer.reason}).`)];
  }
  const to = URL.parse(answer.header('Location') ?? '');
  const isToHttps = answer.status >= 300 && answer.status < 400 && to?.origin === url;
  return isToHttps
    ? [well('Plain http leads to https.')]
    : [
        wrong(
          `Plain http answers ${answer.status}${to === null ? '' : ` with the way to ${to.origin}`} instead of leading to ${url}: addresses and tokens would be sent unencrypted.`,
        ),
      ];
}

async function closedFindings({ closed, room, paths }: SmokeQuestion): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const address of closed) {
    const answers = [
      await askAsStranger(`${address}/_fairgate/rooms/${encodeURIComponent(room)}/board`),
      await askAsStranger(`${address}${paths[0]}`, { headers: { Accept: 'text/html' } }),
    ];
    const bad = answers.find((answer) =>
      answer.kind === 'silence' ? answer.means !== 'closed' : answer.status !== 404,
    );
    findings.push(
      bad === undefined
        ? well(`Nothing answers at ${address}.`)
        : wrong(
            `${address} answers ${answered(bad)}, and must be closed${bad.kind === 'silence' ? ': is the name right?' : '.'}`,
          ),
    );
  }
  return findings;
}
