/** The label of every image; null or undefined where it has none. Labels score a map, they never train it. */
export type Labels = readonly (string | null | undefined)[];

/** Numbers for labels: 0, 1 … in order of appearance, −1 for none. */
export function labelNumbers(labels: Labels): Int32Array {
  const numbers = new Map<string, number>();
  return Int32Array.from(labels, (label) => {
    if (label === null || label === undefined) return -1;
    const number = numbers.get(label) ?? numbers.size;
    numbers.set(label, number);
    return number;
  });
}

/** The rows of vectors [n, dim] with these numbers, in this order. */
export function takeRows(vectors: Float32Array, dim: number, rows: ArrayLike<number>): Float32Array {
  const taken = new Float32Array(rows.length * dim);
  for (let i = 0; i < rows.length; i++)
    taken.set(vectors.subarray(rows[i] * dim, (rows[i] + 1) * dim), i * dim);
  return taken;
}
