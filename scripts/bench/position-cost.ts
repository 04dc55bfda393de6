// What it costs to find one visitor's position in a draw of a million: as the first one that is asked for, and among others.

import { drawnPosition } from '../../queue-core/draw.ts';
import { median } from '../lib/median.ts';

const ENTRIES = 1_000_000;
const DRAWS = 400;
/** Of one draw, without what its first positions cost. */
const POSITIONS = 200_000;

/** @returns lines of the report */
export function positionCosts(): string[] {
  const first = Array.from({ length: DRAWS }, (_, draw) => measured(draw, 1));
  const others = measured(DRAWS, POSITIONS) / POSITIONS;
  return [
    `One position in a draw of ${ENTRIES.toLocaleString('en')}, in milliseconds on this processor with Node: ${median(first).toFixed(3)} as the first one that is asked for`,
    `(median of ${DRAWS} draws), ${others.toFixed(4)} on average of ${POSITIONS.toLocaleString('en')} of one draw. The store is not asked.`,
  ];
}

/** @returns milliseconds for so many positions of a draw that nothing is known of */
function measured(draw: number, count: number): number {
  const seed = draw.toString(16).padStart(64, '0');
  const entries = Array.from({ length: count }, (_, index) => 1 + ((index * 7_919 + draw * 104_729) % ENTRIES));
  const from = performance.now();
  for (const entry of entries) drawnPosition(entry, ENTRIES, seed);
  return performance.now() - from;
}
