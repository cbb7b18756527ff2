// The pixel work of a view. It runs on the host: tests/benchmarks/augmentations.bench.ts compares it with the
// same crop as a graph.

import { adjustBrightness, adjustContrast, adjustHue, adjustSaturation, toGrayscale } from "./colors.ts";
import type { ViewDraw } from "./draw.ts";
import { type Color, rotator } from "./rotate.ts";

/** For every output position along one axis: the two source positions to mix, and the second one's weight. */
interface Taps {
  readonly first: Int32Array;
  readonly second: Int32Array;
  readonly weight: Float64Array;
}

/**
 * Bilinear taps that stretch `length` pixels from `from` on to the whole axis, half-pixel centres, edges clamped
 * to the crop. (torch's `interpolate` with align_corners=False.)
 * @param stride distance of neighbouring positions in the source array
 */
function fillTaps(taps: Taps, from: number, length: number, flip: boolean, stride: number): void {
  const size = taps.weight.length;
  for (let i = 0; i < size; i++) {
    const position = Math.min(Math.max(((i + 0.5) * length) / size - 0.5, 0), length - 1);
    const index = Math.floor(position);
    const to = flip ? size - 1 - i : i;
    taps.first[to] = (from + index) * stride;
    taps.second[to] = (from + Math.min(index + 1, length - 1)) * stride;
    taps.weight[to] = position - index;
  }
}

/** Renders one view of the picture uint8 [S, S, 3] at `source[at]` to float32 [3, S, S] in [0, 1] at `out[to]`. */
export type ViewRenderer = (
  source: Uint8Array,
  at: number,
  draw: ViewDraw,
  out: Float32Array,
  to: number,
) => void;

/**
 * A renderer with its own scratch memory, so that a view allocates nothing; not to be shared between threads.
 * @param size side S of pictures and views, in pixels
 * @param fill what a rotation brings in from outside the picture
 */
export function viewRenderer(size: number, fill: Color): ViewRenderer {
  const makeTaps = (): Taps => ({
    first: new Int32Array(size),
    second: new Int32Array(size),
    weight: new Float64Array(size),
  });
  const rows = makeTaps();
  const columns = makeTaps();
  const rotate = rotator(size, fill);
  const pixels = size * size;

  /** Mixes the four neighbours of every output pixel. */
  function resample(source: Uint8Array, at: number, out: Float32Array, to: number): void {
    const greenTo = to + pixels;
    const blueTo = greenTo + pixels;
    for (let y = 0, i = 0; y < size; y++) {
      const above = at + rows.first[y];
      const below = at + rows.second[y];
      const wy = rows.weight[y];
      for (let x = 0; x < size; x++, i++) {
        const left = columns.first[x];
        const right = columns.second[x];
        const wx = columns.weight[x];
        // Scaled by 1/255 through the four weights.
        const bottomRight = (wy * wx) / 255;
        const bottomLeft = wy / 255 - bottomRight;
        const topRight = wx / 255 - bottomRight;
        const topLeft = 1 / 255 - wy / 255 - topRight;
        const a = above + left;
        const b = above + right;
        const c = below + left;
        const d = below + right;
        out[to + i] =
          source[a] * topLeft + source[b] * topRight + source[c] * bottomLeft + source[d] * bottomRight;
        out[greenTo + i] =
          source[a + 1] * topLeft +
          source[b + 1] * topRight +
          source[c + 1] * bottomLeft +
          source[d + 1] * bottomRight;
        out[blueTo + i] =
          source[a + 2] * topLeft +
          source[b + 2] * topRight +
          source[c + 2] * bottomLeft +
          source[d + 2] * bottomRight;
      }
    }
  }

  return (source, at, draw, out, to) => {
    const { top, left, height, width } = draw.crop;
    fillTaps(rows, top, height, draw.verticalFlip, size * 3);
    fillTaps(columns, left, width, draw.horizontalFlip, 3);
    if (draw.rotation === 0) {
      resample(source, at, out, to);
    } else {
      resample(rotate(source, at, draw.rotation), 0, out, to);
    }
    const span = { start: to, pixels };
    for (const { kind, amount } of draw.colors) {
      if (kind === "brightness") adjustBrightness(out, span, amount);
      else if (kind === "contrast") adjustContrast(out, span, amount);
      else if (kind === "saturation") adjustSaturation(out, span, amount);
      else adjustHue(out, span, amount);
    }
    if (draw.grayscale) toGrayscale(out, span);
  };
}
