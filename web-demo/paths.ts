// The paths of all images as one text: a million of them cross from a worker at once, and are searched at once.

export interface JoinedPaths {
  readonly text: string;
  /** Where each path ends in the text. */
  readonly ends: Uint32Array;
}

export function joinPaths(paths: readonly string[]): JoinedPaths {
  const ends = new Uint32Array(paths.length);
  let end = 0;
  paths.forEach((path, i) => {
    end += path.length;
    ends[i] = end;
  });
  return { text: paths.join(""), ends };
}

export class Paths {
  readonly #text: string;
  readonly #ends: Uint32Array;
  #lower: JoinedPaths | undefined;

  constructor({ text, ends }: JoinedPaths) {
    this.#text = text;
    this.#ends = ends;
  }

  /** The path of an image. */
  at(index: number): string {
    return this.#text.slice(index === 0 ? 0 : this.#ends[index - 1], this.#ends[index]);
  }

  /** The images whose paths contain the text, in ascending order; upper and lower case are the same. */
  search(wanted: string): number[] {
    const needle = wanted.toLowerCase();
    if (needle === "") return [];
    const { text, ends } = this.#lowered();
    const found: number[] = [];
    let from = 0;
    for (;;) {
      const at = text.indexOf(needle, from);
      if (at < 0) return found;
      const index = firstAbove(ends, at);
      if (at + needle.length <= ends[index]) {
        found.push(index);
        from = ends[index];
      } else {
        from = at + 1; // from the end of one path into the next
      }
    }
  }

  #lowered(): JoinedPaths {
    if (this.#lower) return this.#lower;
    const text = this.#text.toLowerCase();
    // A few letters become two in lower case; then the paths end elsewhere.
    this.#lower =
      text.length === this.#text.length
        ? { text, ends: this.#ends }
        : joinPaths(Array.from(this.#ends, (_, i) => this.at(i).toLowerCase()));
    return this.#lower;
  }
}

/** A path for where there is little room: of a long one its end, which tells more than its middle. */
export function shortPath(path: string): string {
  const letters = [...path];
  return letters.length <= 64 ? path : `${letters.slice(0, 14).join("")} … ${letters.slice(-46).join("")}`;
}

/** The first place in an ascending list whose value is above this. */
function firstAbove(sorted: Uint32Array, value: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle] <= value) low = middle + 1;
    else high = middle;
  }
  return low;
}
