// A picture to be looked at. Nothing is computed from it, so it need not be what preprocess.onnx would give, which
// takes several times as long.

import type { Rgb } from "../../models/color.ts";
import type { Fit } from "../../models/fit.ts";
import type { Pixels } from "../../models/pixels.ts";
import { resampleWindow, shrinkWindow, type Window } from "../../models/resample.ts";
import { copyRows } from "../../models/thumbnails.ts";

export interface ThumbnailOptions {
  /** Side T, in pixels. */
  readonly size: number;
  readonly fit: Fit;
  /** Colour around a contained picture, RGB 0 … 255. */
  readonly background: Rgb;
}

/** A decoded picture as a square that shows what the encoder's square shows, uint8 [T, T, 3]. */
export function makeThumbnail(pixels: Pixels, { size, fit, background }: ThumbnailOptions): Uint8Array {
  const { width, height } = pixels;
  const whole = { left: 0, top: 0, width, height };
  if (fit === "fill") return resized(pixels, whole, size, size);
  if (fit === "cover") {
    const side = Math.min(width, height);
    const square = { left: (width - side) / 2, top: (height - side) / 2, width: side, height: side };
    return resized(pixels, square, size, size);
  }
  const [columns, rows] = [width, height].map((side) =>
    Math.max(1, Math.round((size * side) / Math.max(width, height))),
  );
  const contained = resized(pixels, whole, columns, rows);
  const result = Uint8Array.from({ length: size * size * 3 }, (_, i) => background[i % 3]);
  const [left, top] = [columns, rows].map((side) => (size - side) >> 1);
  copyRows(contained, 0, columns, result, (top * size + left) * 3, size, columns, rows);
  return result;
}

function resized(pixels: Pixels, window: Window, width: number, height: number): Uint8Array {
  const large = window.width >= 2 * width && window.height >= 2 * height;
  return (large ? shrinkWindow : resampleWindow)(pixels, window, width, height);
}
