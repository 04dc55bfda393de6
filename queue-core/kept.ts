// What follows from its key alone, kept for the next time. Beyond a bound everything is dropped: in a rush a few keys are asked for
// over and over, and what is dropped is made again.

export class Kept<Value> {
  readonly #values = new Map<string, Value>();
  readonly #max: number;

  /** @param max values that are kept at once */
  constructor(max: number) {
    this.#max = max;
  }

  of(key: string, make: (key: string) => Value): Value {
    const known = this.#values.get(key);
    if (known !== undefined) return known;
    const value = make(key);
    if (this.#values.size >= this.#max) this.#values.clear();
    this.#values.set(key, value);
    return value;
  }
}
