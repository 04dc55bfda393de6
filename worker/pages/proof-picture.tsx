// How the draw moved entries to positions: a line for each entry, or for a sample of them. The visitor's own line differs by its width,
// its points and its labels, and the numbers are in a table too, so nothing is said by colour alone.

import { drawnPosition } from '../../queue-core/draw.ts';
import type { ProofResult } from './proof-checks.ts';
import { fill, type ProofStrings } from './proof-strings.ts';

/** Up to so many entries all are shown; of more, a sample. */
export const SHOWN_ALL_MAX = 40;
/** Of a sample: evenly spread, and on each side of the visitor's own. */
const SPREAD = 24;
const NEIGHBOURS = 4;

const HEIGHT = 360;
const [LEFT, RIGHT] = [62, 258];
const [TOP, BOTTOM] = [40, 344];

export interface Move {
  entry: number;
  position: number;
}

/** The moves that the picture shows, by entry. @param own the visitor's entry; null: none of them */
export function movesShown({ entries, seed }: NonNullable<ProofResult['shuffle']>, own: number | null): Move[] {
  const shown = new Set<number>();
  if (entries <= SHOWN_ALL_MAX) for (let entry = 1; entry <= entries; entry++) shown.add(entry);
  else {
    for (let step = 0; step < SPREAD; step++) shown.add(1 + Math.round((step * (entries - 1)) / (SPREAD - 1)));
    if (own !== null) {
      for (let entry = own - NEIGHBOURS; entry <= own + NEIGHBOURS; entry++) {
        if (entry >= 1 && entry <= entries) shown.add(entry);
      }
    }
  }
  return [...shown].sort((a, b) => a - b).map((entry) => ({ entry, position: drawnPosition(entry, entries, seed) }));
}

interface PictureProps {
  moves: Move[];
  entries: number;
  own: Move | null;
  strings: ProofStrings;
  number(value: number): string;
}

export function Picture({ moves, entries, own, strings, number }: PictureProps) {
  const { picture } = strings;
  const y = (place: number) =>
    Math.round(entries === 1 ? (TOP + BOTTOM) / 2 : TOP + ((BOTTOM - TOP) * (place - 1)) / (entries - 1));
  const others = moves.filter(({ entry }) => entry !== own?.entry);
  const shown = fill(moves.length === entries ? picture.all : picture.sample, {
    shown: number(moves.length),
    entries: number(entries),
  });
  const description =
    own === null
      ? shown
      : `${shown} ${fill(picture.mine, { entry: number(own.entry), position: number(own.position) })}`;
  return (
    <section class="card">
      <h2>{picture.title}</h2>
      <p class="note">{description}</p>
      <svg class="moves" viewBox={`0 0 320 ${HEIGHT}`} role="img" aria-labelledby="moves-title moves-text">
        <title id="moves-title">{picture.title}</title>
        <desc id="moves-text">{description}</desc>
        <text x={LEFT} y="16" text-anchor="middle">
          {picture.entry}
        </text>
        <text x={RIGHT} y="16" text-anchor="middle">
          {picture.position}
        </text>
        <path d={`M${LEFT} ${TOP}V${BOTTOM}M${RIGHT} ${TOP}V${BOTTOM}`} />
        {others.map(({ entry, position }) => (
          <line x1={LEFT} y1={y(entry)} x2={RIGHT} y2={y(position)} />
        ))}
        <Ends x={LEFT - 10} anchor="end" own={own && y(own.entry)} last={entries} y={y} number={number} />
        <Ends x={RIGHT + 10} anchor="start" own={own && y(own.position)} last={entries} y={y} number={number} />
        {own && (
          <g class="own">
            <line x1={LEFT} y1={y(own.entry)} x2={RIGHT} y2={y(own.position)} />
            <circle cx={LEFT} cy={y(own.entry)} r="6" />
            <circle cx={RIGHT} cy={y(own.position)} r="6" />
            <text x={LEFT - 10} y={y(own.entry) + 5} text-anchor="end">
              {number(own.entry)}
            </text>
            <text x={RIGHT + 10} y={y(own.position) + 5} text-anchor="start">
              {number(own.position)}
            </text>
          </g>
        )}
      </svg>
      <details>
        <summary>{picture.table}</summary>
        <table>
          <thead>
            <tr>
              <th scope="col">{picture.entry}</th>
              <th scope="col">{picture.position}</th>
            </tr>
          </thead>
          <tbody>
            {moves.map(({ entry, position }) => (
              <tr class={entry === own?.entry ? 'own' : ''}>
                <td>
                  {number(entry)}
                  {entry === own?.entry && ` (${picture.me})`}
                </td>
                <td>{number(position)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </details>
    </section>
  );
}

/** A label of an own number needs so much room. */
const LABEL_HEIGHT = 18;

interface EndsProps {
  x: number;
  anchor: string;
  /** Where the visitor's own number stands. */
  own: number | null;
  last: number;
  y(place: number): number;
  number(value: number): string;
}

/** The first and the last number of a scale, where the visitor's own one leaves room for them. */
function Ends({ x, anchor, own, last, y, number }: EndsProps) {
  return [1, last]
    .filter((place, index, all) => all.indexOf(place) === index)
    .filter((place) => own === null || Math.abs(y(place) - own) >= LABEL_HEIGHT)
    .map((place) => (
      <text x={x} y={y(place) + 5} text-anchor={anchor}>
        {number(place)}
      </text>
    ));
}
