// What `npm run verify-draw` prints: the checks in words, and the verdict in one sentence; or all of it as JSON.

import type { PublishedDraw } from '../../worker/contract/draw-schema.ts';
import { printable, printableJson } from '../lib/printable-text.ts';
import type { Check, DrawVerdict } from './draw-checks.ts';

const SIGNS: Record<Check['outcome'], string> = { holds: 'ok  ', fails: 'FAIL', note: 'note' };

/** A thousand tokens that are in order are one line: those that are not are read. */
const TOKEN_LINES_MAX = 20;

export function drawText({ room, epoch, opensAt, entries }: PublishedDraw, verdict: DrawVerdict): string {
  const { checks } = verdict;
  const inOrder = checks.filter(({ check, outcome }) => check === 'token' && outcome === 'holds');
  const shown = inOrder.length <= TOKEN_LINES_MAX ? checks : checks.filter((one) => !inOrder.includes(one));
  const lines = shown.map((check) => `${signOf(check)}  ${check.check.padEnd(12)}  ${check.text}`);
  if (shown !== checks)
    lines.push(`ok    token         ${inOrder.length} tokens are genuine; --json has their positions.`);
  return [
    `Room ${room}, opening ${epoch} at ${opensAt}, ${entries ?? 'unknown'} entries`,
    '',
    ...lines,
    '',
    verdictText(verdict),
  ]
    .map(printable)
    .join('\n');
}

const signOf = ({ outcome, awaitsDraw }: Check) => (awaitsDraw ? 'wait' : SIGNS[outcome]);

function verdictText({ proven, withPublicRandomness, checks }: DrawVerdict): string {
  if (!proven) {
    const failures = checks.filter(({ outcome }) => outcome === 'fails');
    if (failures.every(({ awaitsDraw }) => awaitsDraw))
      return 'NOT PROVEN YET: the draw is not made, and nothing is wrong so far. Keep this document as a file, and give it after the draw with --earlier FILE.';
    const failed = new Set(failures.filter(({ awaitsDraw }) => !awaitsDraw).map(({ check }) => check));
    return `NOT PROVEN: ${[...failed].join(', ')}. docs/draw.md says what each kind of cheating looks like.`;
  }
  return withPublicRandomness
    ? 'PROVEN: the order follows from the committed secret, N and the beacon. docs/draw.md says what that does not prove.'
    : 'PROVEN, WITHOUT PUBLIC RANDOMNESS: the order follows from the committed secret and N. Who knew the secret before the opening could have steered it: docs/draw.md.';
}

export function drawJson({ room, epoch, opensAt, entries }: PublishedDraw, verdict: DrawVerdict): string {
  const { proven, ...rest } = verdict;
  return printableJson({ verdict: proven ? 'proven' : 'notProven', room, epoch, opensAt, entries, ...rest });
}
