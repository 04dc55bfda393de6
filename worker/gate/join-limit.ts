// How many places the visitors of one network may take in a minute: at most `perMinute` in any 60 s, as many of them at once
// as they like. Counted in this gateway's memory, without a store operation.
//
// The counts are a count-min sketch: a table of fixed size in which every network has one cell per row. No network's count is
// ever dropped to make room for another's, so requests from any number of networks cannot free one that is limited. A count
// is never too low; it is too high by what other networks add to the same cells in every row.

/** Joins are counted in slices of this length: one is forgotten 60 to 65 seconds after it. */
const SLICE_MS = 5_000;
const SLICES = 60_000 / SLICE_MS + 1;

/** 4 rows of 16,384 cells for each slice: 3.4 MB. Of a million joins in a minute, about 60 are added to an average cell. */
const ROWS = 4;
const CELLS = 16_384;

export type JoinPermit = JoinLimited | { kind: 'counted'; undo(): void };

/** The network has taken its places of this minute; the next is available in `retrySeconds`. */
export interface JoinLimited {
  kind: 'limited';
  retrySeconds: number;
}

const NOT_COUNTED: JoinPermit = { kind: 'counted', undo() {} };

export class JoinLimit {
  readonly #perMinute: number;
  readonly #digest: (text: string) => string;
  readonly #now: () => number;
  /** Keeps clients from finding networks that share cells. */
  readonly #secret: string;
  readonly #counts: Uint32Array;
  #slice = 0;

  /**
   * @param perMinute 0: no limit
   * @param digest at least 8 hex digits for each row
   */
  constructor(perMinute: number, secret: string, digest: (text: string) => string, now: () => number) {
    this.#perMinute = perMinute;
    this.#digest = digest;
    this.#now = now;
    this.#secret = secret;
    this.#counts = new Uint32Array(perMinute === 0 ? 0 : SLICES * ROWS * CELLS);
  }

  /** Counts a join, if the network may take another place. `undo` is for a join that brought no place. */
  take(room: string, network: string): JoinPermit {
    if (this.#perMinute === 0) return NOT_COUNTED;
    const now = this.#now();
    this.#forgetUntil(Math.floor(now / SLICE_MS));
    const slice = this.#slice;
    const digest = this.#digest(`${this.#secret} ${room} ${network}`);
    const columns = Array.from(
      { length: ROWS },
      (_, row) => Number.parseInt(digest.slice(8 * row, 8 * row + 8), 16) % CELLS,
    );
    if (this.#countOf(columns, SLICES) >= this.#perMinute) {
      return { kind: 'limited', retrySeconds: Math.max(1, Math.ceil((this.#freeAt(columns) - now) / 1_000)) };
    }
    this.#add(slice, columns, 1);
    return {
      kind: 'counted',
      undo: () => {
        if (this.#slice - slice < SLICES) this.#add(slice, columns, -1);
      },
    };
  }

  /** Clears the slices up to this one, whose cells were last used more than a minute ago. A clock set back changes nothing. */
  #forgetUntil(slice: number): void {
    for (let next = Math.max(this.#slice + 1, slice - SLICES + 1); next <= slice; next++) {
      const from = indexOf(next, 0, 0);
      this.#counts.fill(0, from, from + ROWS * CELLS);
    }
    this.#slice = Math.max(this.#slice, slice);
  }

  /** Joins in the newest `slices`: the row with the fewest foreign joins decides. */
  #countOf(columns: readonly number[], slices: number): number {
    const sums = columns.map((column, row) => {
      let sum = 0;
      for (let age = 0; age < slices; age++) sum += this.#counts[indexOf(this.#slice - age, row, column)] ?? 0;
      return sum;
    });
    return Math.min(...sums);
  }

  /** When enough joins are forgotten for another. */
  #freeAt(columns: readonly number[]): number {
    let forgotten = 1;
    while (this.#countOf(columns, SLICES - forgotten) >= this.#perMinute) forgotten++;
    return (this.#slice + forgotten) * SLICE_MS;
  }

  #add(slice: number, columns: readonly number[], joins: 1 | -1): void {
    for (const [row, column] of columns.entries()) {
      const index = indexOf(slice, row, column);
      this.#counts[index] = (this.#counts[index] ?? 0) + joins;
    }
  }
}

function indexOf(slice: number, row: number, column: number): number {
  return ((((slice % SLICES) + SLICES) % SLICES) * ROWS + row) * CELLS + column;
}
