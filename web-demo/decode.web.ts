// The decoding contract of models/decode.node.ts, kept with the browser's decoders: whatever comes in, one upright sRGB
// picture of 8 bits comes out, large ones reduced.

import type { Rgb } from "../models/color.ts";
import { DECODE_FACTOR, DEFAULT_MAX_PIXELS, isReduced, overPixelLimit } from "../models/decoding.ts";
import { readImageHeader } from "../models/image-header.ts";
import { describeBytes, type ImageKind, imageKind } from "../models/image-kind.ts";
import type { Pixels } from "../models/pixels.ts";

/** Side of the picture that is shown of an image, in pixels. */
const PREVIEW_SIDE = 160;

/** What browsers decode, and the type they want to hear. */
const MEDIA_TYPES: Partial<Record<ImageKind, string>> = {
  JPEG: "image/jpeg",
  PNG: "image/png",
  GIF: "image/gif",
  WebP: "image/webp",
  AVIF: "image/avif",
  BMP: "image/bmp",
  HEIC: "image/heic",
};

export interface DecodedImage {
  readonly pixels: Pixels;
  /** A small square picture of it, to show. */
  readonly preview: Blob;
}

export interface DecodeTarget {
  /** Side of the pictures that networks take, in pixels. */
  readonly imageSize: number;
  /** Behind transparent pictures, RGB 0 … 255. */
  readonly background: Rgb;
}

/** @throws Error whose message is the reason alone ("truncated PNG") */
export async function decodeImage(file: Blob, map: DecodeTarget): Promise<DecodedImage> {
  const bitmap = await reduced(await firstFrame(file), DECODE_FACTOR * map.imageSize);
  try {
    const { width, height } = bitmap;
    const context = canvasContext(width, height, map);
    context.drawImage(bitmap, 0, 0);
    const { data } = context.getImageData(0, 0, width, height, { colorSpace: "srgb" });
    return { pixels: { data: rgbOf(data), width, height }, preview: await previewOf(bitmap, map) };
  } finally {
    bitmap.close();
  }
}

/** Upright, and as large as it is. */
async function firstFrame(file: Blob): Promise<ImageBitmap> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  if (bytes.length === 0) throw new Error("empty file");
  const kind = imageKind(bytes);
  if (kind === undefined) throw new Error(`not an image (${describeBytes(bytes)})`);
  const type = MEDIA_TYPES[kind];
  if (kind === "SVG") throw new Error("SVG is not supported (convert to PNG)");
  if (!type) throw new Error(`${kind} cannot be decoded in the browser: use the server, or convert to PNG`);
  const { size, truncated, cmyk } = readImageHeader(kind, bytes);
  if (truncated) throw new Error(`truncated ${kind}`);
  // Browsers turn printing colours into others than Node does, so the image would land elsewhere.
  if (cmyk) throw new Error("CMYK JPEG cannot be decoded in the browser: use the server, or convert to RGB");
  if (size && size.width * size.height > DEFAULT_MAX_PIXELS) {
    throw new Error(overPixelLimit(size.width, size.height, DEFAULT_MAX_PIXELS));
  }
  try {
    return await createImageBitmap(new Blob([bytes], { type }), { imageOrientation: "from-image" });
  } catch {
    const maybe =
      kind === "HEIC" || kind === "AVIF" ? ", or a kind of it that this browser does not know" : "";
    throw new Error(`damaged ${kind}${maybe}`);
  }
}

/** Reduced to the short side that is wanted, if it is much longer. Closes the bitmap that it replaces. */
async function reduced(bitmap: ImageBitmap, shortSide: number): Promise<ImageBitmap> {
  const { width, height } = bitmap;
  if (!isReduced(bitmap, shortSide)) return bitmap;
  const factor = shortSide / Math.min(width, height);
  try {
    return await createImageBitmap(bitmap, {
      resizeWidth: Math.max(1, Math.round(width * factor)),
      resizeHeight: Math.max(1, Math.round(height * factor)),
      resizeQuality: "high",
    });
  } finally {
    bitmap.close();
  }
}

/** A canvas of the map's background colour, which shows through where a picture is transparent. */
function canvasContext(width: number, height: number, { background }: DecodeTarget) {
  const canvas = new OffscreenCanvas(width, height);
  // In software, so that pixels come back as they were drawn.
  const context = canvas.getContext("2d", { willReadFrequently: true, colorSpace: "srgb" });
  if (!context) throw new Error(`${width} × ${height} is too large for this browser`);
  context.fillStyle = `rgb(${background.join(" ")})`;
  context.fillRect(0, 0, width, height);
  return context;
}

/** uint8 [n, 4] → uint8 [n, 3], as if opaque. */
export function rgbOf(rgba: Uint8ClampedArray): Uint8Array {
  const rgb = new Uint8Array((rgba.length / 4) * 3);
  for (let from = 0, to = 0; from < rgba.length; from += 4, to += 3) {
    rgb[to] = rgba[from];
    rgb[to + 1] = rgba[from + 1];
    rgb[to + 2] = rgba[from + 2];
  }
  return rgb;
}

/** The middle of the picture. */
function previewOf(bitmap: ImageBitmap, map: DecodeTarget): Promise<Blob> {
  const side = Math.min(bitmap.width, bitmap.height);
  const to = Math.min(side, PREVIEW_SIDE);
  const context = canvasContext(to, to, map);
  context.imageSmoothingQuality = "high";
  const [left, top] = [(bitmap.width - side) / 2, (bitmap.height - side) / 2];
  context.drawImage(bitmap, left, top, side, side, 0, 0, to, to);
  return context.canvas.convertToBlob({ type: "image/png" });
}
