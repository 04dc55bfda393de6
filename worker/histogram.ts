// A histogram of durations for each value of one label, in the form that Prometheus reads. Counting is one comparison a bound.

/** Upper bounds in seconds: what a visitor does not notice, up to what nobody waits for. */
const BOUNDS_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30] as const;

interface Series {
  /** One count a bound, and one beyond. */
  counts: number[];
  sumMs: number;
}

export class Histogram {
  readonly #name: string;
  readonly #help: string;
  readonly #label: string;
  readonly #series = new Map<string, Series>();

  /** @param label name of the label; its values are members of a closed list, or rooms */
  constructor(name: string, help: string, label: string) {
    this.#name = name;
    this.#help = help;
    this.#label = label;
  }

  observe(value: string, ms: number): void {
    let series = this.#series.get(value);
    if (series === undefined) {
      series = { counts: new Array<number>(BOUNDS_SECONDS.length + 1).fill(0), sumMs: 0 };
      this.#series.set(value, series);
    }
    // A clock that was set back makes no negative durations.
    const seconds = Math.max(0, ms) / 1_000;
    let index = 0;
    while (index < BOUNDS_SECONDS.length && seconds > (BOUNDS_SECONDS[index] ?? 0)) index++;
    series.counts[index] = (series.counts[index] ?? 0) + 1;
    series.sumMs += Math.max(0, ms);
  }

  lines(): string[] {
    const lines = [`# HELP ${this.#name} ${this.#help}`, `# TYPE ${this.#name} histogram`];
    for (const [value, { counts, sumMs }] of this.#series) {
      const label = `${this.#label}="${value}"`;
      let upTo = 0;
      for (const [index, bound] of BOUNDS_SECONDS.entries()) {
        upTo += counts[index] ?? 0;
        lines.push(`${this.#name}_bucket{${label},le="${bound}"} ${upTo}`);
      }
      const all = upTo + (counts[BOUNDS_SECONDS.length] ?? 0);
      lines.push(
        `${this.#name}_bucket{${label},le="+Inf"} ${all}`,
        `${this.#name}_sum{${label}} ${sumMs / 1_000}`,
        `${this.#name}_count{${label}} ${all}`,
      );
    }
    return lines;
  }
}
