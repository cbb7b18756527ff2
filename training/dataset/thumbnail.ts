// A picture to be looked at. Nothing is computed from it, so sharp may resize it its own way, several times as fast as
// preprocess.onnx.

import sharp from "sharp";
import type { Rgb } from "../../models/color.ts";
import type { Pixels } from "../../models/pixels.ts";
import type { Fit } from "../artifacts/preprocess.ts";

export interface ThumbnailOptions {
  /** Side T, in pixels. */
  readonly size: number;
  readonly fit: Fit;
  /** Colour around a contained picture, RGB 0 … 255. */
  readonly background: Rgb;
}

/** A decoded picture as a square that shows what the encoder's square shows, uint8 [T, T, 3]. */
export async function makeThumbnail(
  { data, height, width }: Pixels,
  { size, fit, background: [r, g, b] }: ThumbnailOptions,
): Promise<Uint8Array> {
  return await sharp(data, { raw: { width, height, channels: 3 } })
    .resize(size, size, { fit, background: { r, g, b } })
    .raw()
    .toBuffer();
}
