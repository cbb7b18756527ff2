/**
 * A square picture at another size. Smaller: every new pixel is the mean of the area it covers; larger: blended between
 * the nearest four.
 * @param picture uint8 [from, from, 3]
 * @returns uint8 [to, to, 3]
 */
export function resample(picture: Uint8Array, from: number, to: number): Uint8Array {
  if (from === to) return picture.slice(0, from * from * 3);
  const axis = axisWeights(from, to);
  const wide = new Float32Array(from * to * 3);
  for (let y = 0; y < from; y++) {
    for (let x = 0; x < to; x++) {
      for (const { source, weight } of axis[x]) {
        for (let c = 0; c < 3; c++)
          wide[(y * to + x) * 3 + c] += weight * picture[(y * from + source) * 3 + c];
      }
    }
  }
  const result = new Float32Array(to * to * 3);
  const row = to * 3;
  for (let y = 0; y < to; y++) {
    for (const { source, weight } of axis[y]) {
      for (let i = 0; i < row; i++) result[y * row + i] += weight * wide[source * row + i];
    }
  }
  return Uint8Array.from(result, (value) => value + 0.5);
}

/** For each new pixel of an axis, the old ones it is made of; the weights sum to 1. */
function axisWeights(from: number, to: number): { source: number; weight: number }[][] {
  const step = from / to;
  return Array.from({ length: to }, (_, i) => {
    if (step < 1) {
      const at = Math.min(Math.max((i + 0.5) * step - 0.5, 0), from - 1);
      const low = Math.floor(at);
      const high = Math.min(low + 1, from - 1);
      return [
        { source: low, weight: 1 - (at - low) },
        { source: high, weight: at - low },
      ];
    }
    const [start, end] = [i * step, (i + 1) * step];
    const covered = [];
    for (let source = Math.floor(start); source < Math.min(Math.ceil(end), from); source++) {
      const weight = (Math.min(end, source + 1) - Math.max(start, source)) / step;
      covered.push({ source, weight });
    }
    return covered;
  });
}
