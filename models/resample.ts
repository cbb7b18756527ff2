/**
 * A square picture at another size. Smaller: every new pixel is the mean of the area it covers; larger: blended between
 * the nearest four.
 * @param picture uint8 [from, from, 3]
 * @returns uint8 [to, to, 3]
 */
export function resample(picture: Uint8Array, from: number, to: number): Uint8Array {
  if (from === to) return picture.slice(0, from * from * 3);
  const { starts, sources, weights } = axisOf(from, to);
  const wide = new Float32Array(from * to * 3);
  for (let y = 0, at = 0; y < from; y++) {
    const row = y * from * 3;
    for (let x = 0; x < to; x++, at += 3) {
      for (let k = starts[x]; k < starts[x + 1]; k++) {
        const source = row + sources[k] * 3;
        wide[at] += weights[k] * picture[source];
        wide[at + 1] += weights[k] * picture[source + 1];
        wide[at + 2] += weights[k] * picture[source + 2];
      }
    }
  }
  const row = to * 3;
  const line = new Float32Array(row);
  const result = new Uint8Array(to * row);
  for (let y = 0; y < to; y++) {
    line.fill(0.5); // bytes are cut off, not rounded
    for (let k = starts[y]; k < starts[y + 1]; k++) {
      const source = sources[k] * row;
      for (let i = 0; i < row; i++) line[i] += weights[k] * wide[source + i];
    }
    result.set(line, y * row);
  }
  return result;
}

/** Along one axis: which old pixels a new one is made of, and with which weights, which sum to 1. */
interface Axis {
  /** Where those of each new pixel begin in the other two lists, and where the last ones end: [to + 1]. */
  readonly starts: Int32Array;
  readonly sources: Int32Array;
  readonly weights: Float64Array;
}

function axisOf(from: number, to: number): Axis {
  const step = from / to;
  const starts = new Int32Array(to + 1);
  const sources: number[] = [];
  const weights: number[] = [];
  for (let i = 0; i < to; i++) {
    if (step < 1) {
      const at = Math.min(Math.max((i + 0.5) * step - 0.5, 0), from - 1);
      const low = Math.floor(at);
      sources.push(low, Math.min(low + 1, from - 1));
      weights.push(1 - (at - low), at - low);
    } else {
      const [start, end] = [i * step, (i + 1) * step];
      for (let source = Math.floor(start); source < Math.min(Math.ceil(end), from); source++) {
        sources.push(source);
        weights.push((Math.min(end, source + 1) - Math.max(start, source)) / step);
      }
    }
    starts[i + 1] = sources.length;
  }
  return { starts, sources: Int32Array.from(sources), weights: Float64Array.from(weights) };
}
