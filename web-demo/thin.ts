// Which pictures to show where they would cover each other.

/**
 * Chooses pictures so that no two of them overlap. Each image has a fixed rank, unlike that of its neighbours: what is
 * shown stays while the map is moved, and zooming in adds pictures rather than exchanging them.
 * @param images candidates
 * @param at pixels of the middle of each candidate: x, y, x, y, …
 * @param side of every picture, in pixels
 * @returns places in `images`
 */
export function thinned(images: ArrayLike<number>, at: ArrayLike<number>, side: number): number[] {
  const ranks = Uint32Array.from(images, rankOf);
  const order = Array.from(ranks, (_, i) => i).sort((a, b) => ranks[a] - ranks[b]);
  // A square of this side holds the middle of one picture at most.
  const taken = new Map<number, number>();
  const key = (column: number, row: number) => column * 0x10000 + row;
  const chosen: number[] = [];
  for (const i of order) {
    const [x, y] = [at[2 * i], at[2 * i + 1]];
    const [column, row] = [Math.floor(x / side) + 0x4000, Math.floor(y / side) + 0x4000];
    let free = true;
    for (let c = column - 1; c <= column + 1 && free; c++) {
      for (let r = row - 1; r <= row + 1 && free; r++) {
        const other = taken.get(key(c, r));
        if (other === undefined) continue;
        free = Math.abs(at[2 * other] - x) >= side || Math.abs(at[2 * other + 1] - y) >= side;
      }
    }
    if (!free) continue;
    taken.set(key(column, row), i);
    chosen.push(i);
  }
  return chosen;
}

/** Knuth's multiplicative hash: the same in every session, and far apart for images that follow each other. */
function rankOf(image: number): number {
  return Math.imul(image + 1, 2654435761) >>> 0;
}
