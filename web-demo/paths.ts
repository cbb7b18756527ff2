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
  #folded: JoinedPaths | undefined;

  constructor({ text, ends }: JoinedPaths) {
    this.#text = text;
    this.#ends = ends;
  }

  /** The path of an image. */
  at(index: number): string {
    return this.#text.slice(index === 0 ? 0 : this.#ends[index - 1], this.#ends[index]);
  }

  /** The images whose paths contain the text, folded, in ascending order. */
  search(wanted: string): number[] {
    const needle = folded(wanted);
    if (needle === "") return [];
    const { text, ends } = this.#foldedPaths();
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

  #foldedPaths(): JoinedPaths {
    if (this.#folded) return this.#folded;
    const text = this.#text.toLowerCase();
    // Where letters become two, or two become one, the paths end elsewhere.
    this.#folded =
      text.length === this.#text.length && text.normalize() === text
        ? { text, ends: this.#ends }
        : joinPaths(Array.from(this.#ends, (_, i) => folded(this.at(i))));
    return this.#folded;
  }
}

/**
 * Text as it is searched: upper and lower case are the same, and so are the two ways to write a letter with an accent,
 * of which keyboards write one and file names on a Mac have the other.
 */
export function folded(text: string): string {
  return text.toLowerCase().normalize();
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
