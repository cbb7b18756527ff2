import assert from "node:assert/strict";

/** Every value is the one expected, to within a tolerance relative to the largest. */
export function assertClose(
  found: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance: number,
  what: string,
) {
  assert.equal(found.length, expected.length);
  const scale = Math.max(...Array.from(expected, Math.abs), 1e-6);
  for (let i = 0; i < expected.length; i++) {
    const off = Math.abs(found[i] - expected[i]) / scale;
    assert.ok(off <= tolerance, `${what} ${i}: ${found[i]}, not ${expected[i]}`);
  }
}

/** The Euclidean length. */
export function lengthOf(x: readonly number[] | Float32Array): number {
  let squares = 0;
  for (const value of x) squares += value * value;
  return Math.sqrt(squares);
}
