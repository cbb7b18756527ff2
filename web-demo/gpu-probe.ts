// Does the graphics card compute what the processor computes? Some drivers do not.

/** How far the two may be apart, as a share of the map's diagonal. */
const TOLERANCE = 1e-3;
const COUNT = 8;

/** Pictures, uint8 [S, S, 3], from smooth to noise. */
export function probePictures(side: number): Uint8Array[] {
  let state = 1;
  const noise = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 24;
  };
  return Array.from({ length: COUNT }, (_, picture) =>
    Uint8Array.from({ length: side * side * 3 }, (_, i) => {
      const [x, y] = [Math.floor(i / 3) % side, Math.floor(i / 3 / side)];
      const smooth = 128 + 127 * Math.sin(((picture + 1) * (x + (i % 3) * y)) / side + picture);
      return smooth + ((noise() - smooth) * picture) / (COUNT - 1);
    }),
  );
}

/** Whether the places are the same to within the tolerance. */
export function agrees(
  ours: readonly { embedding: readonly number[] }[],
  theirs: readonly { embedding: readonly number[] }[],
  diagonal: number,
): boolean {
  return ours.every(({ embedding }, i) => {
    const distance = Math.hypot(...embedding.map((value, axis) => value - theirs[i].embedding[axis]));
    return distance <= TOLERANCE * diagonal; // false for NaN
  });
}
