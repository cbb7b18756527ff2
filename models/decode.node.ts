// The decoding contract: whatever comes in, one upright sRGB picture of 8 bits comes out. Any other decoder that
// keeps this contract places an image at the same point of the map.

import sharp from "sharp";
import type { MapInfo } from "./bundle/map-info.ts";
import { parseColor } from "./color.ts";
import { DECODE_FACTOR, DEFAULT_MAX_PIXELS, overPixelLimit } from "./decoding.ts";
import { reasonOf, UserError } from "./errors.ts";
import { describeBytes, type ImageKind, imageKind } from "./image-kind.ts";
import type { Pixels } from "./pixels.ts";

// Every image is decoded once, so libvips' cache only costs memory; and images are decoded side by side, so one
// thread for each is best.
sharp.cache(false);
sharp.concurrency(1);

/** Names the decoder and its version: another one may give slightly other pixels. */
export const decoderVersion = `sharp ${sharp.versions.sharp}, libvips ${sharp.versions.vips}`;

/** An image has more pixels than allowed. */
export class PixelLimitError extends UserError {
  /** What is wrong, without what to do about it on the command line. */
  readonly fact: string;

  constructor(fact: string, cause: unknown) {
    super(`${fact} (raise it with --max-megapixels)`, { cause });
    this.fact = fact;
  }
}

export interface DecodeOptions {
  /** Images whose short side is longer are reduced to it while decoding, in pixels. The contract: 8 · image size. */
  minSide: number;
  /** What shows through where the image is transparent (see parseColor). Defaults to white. */
  background?: string;
  /** Refuses images with more pixels, before decoding. Defaults to {@link DEFAULT_MAX_PIXELS}. */
  maxPixels?: number;
}

/** How images are decoded that are to be placed on a map. */
export function decodeOptionsOf(info: Pick<MapInfo, "imageSize" | "background">): DecodeOptions {
  const background = `#${info.background.map((channel) => channel.toString(16).padStart(2, "0")).join("")}`;
  return { minSide: DECODE_FACTOR * info.imageSize, background };
}

/**
 * Decodes JPEG, PNG, GIF, WebP, TIFF and AVIF (first frame only), told apart by their bytes: upright by the EXIF
 * orientation, converted to sRGB of 8 bits (from CMYK, 16 bits, gray, palettes, other colour profiles), transparency
 * laid over the background, very large images reduced to no less than `minSide` on the short side.
 * @throws UserError whose message is the reason alone ("truncated JPEG"), for the caller to add the path
 */
export async function decodeImage(bytes: Uint8Array, options: DecodeOptions): Promise<Pixels> {
  const { minSide, maxPixels = DEFAULT_MAX_PIXELS } = options;
  const [r, g, b] = parseColor(options.background ?? "white");
  if (bytes.length === 0) throw new UserError("empty file");
  const kind = imageKind(bytes);
  if (kind === undefined) throw new UserError(`not an image (${describeBytes(bytes)})`);
  // A drawing has no pixels of its own, and its text depends on the fonts of the machine.
  if (kind === "SVG") throw new UserError("SVG is not supported (convert to PNG)");
  try {
    // failOn "error" refuses what is cut off or undecodable, and bears warnings such as stray bytes between markers.
    const { data, info } = await sharp(bytes, { failOn: "error", limitInputPixels: maxPixels })
      .autoOrient()
      .flatten({ background: { r, g, b } })
      .resize(minSide, minSide, { fit: "outside", withoutEnlargement: true })
      .toColourspace("srgb")
      .raw()
      .toBuffer({ resolveWithObject: true });
    if (info.channels !== 3) throw new Error(`${info.channels} channels instead of red, green and blue`);
    return { data, height: info.height, width: info.width };
  } catch (error) {
    if (/pixel limit/.test(reasonOf(error))) throw await pixelLimitError(error, bytes, maxPixels);
    throw new UserError(reasonFor(error, kind, bytes), { cause: error });
  }
}

async function pixelLimitError(
  cause: unknown,
  bytes: Uint8Array,
  maxPixels: number,
): Promise<PixelLimitError> {
  const { width, height } = await sharp(bytes, { limitInputPixels: false }).metadata();
  return new PixelLimitError(overPixelLimit(width, height, maxPixels), cause);
}

/** Turns what libvips says into what its user can act on. */
function reasonFor(error: unknown, kind: ImageKind, bytes: Uint8Array): string {
  const message = reasonOf(error);
  // What the decoder says of a format that it cannot read at all varies from run to run.
  if (kind !== "HEIC" && isTruncated(kind, bytes, message)) return `truncated ${kind}`;
  if (kind === "HEIC" || /unsupported image format|unsupported codec|decoding plugin/i.test(message)) {
    return kind === "TIFF"
      ? "damaged TIFF, or a kind of TIFF that is not supported"
      : `${kind} is not supported by this build of the decoder (convert to JPEG or PNG)`;
  }
  return `damaged ${kind} (${lastWords(error)})`;
}

/** libvips collects one line for each thing it tried; the last says what failed. */
function lastWords(error: unknown): string {
  const lines = (error instanceof Error ? error.message : String(error)).trim().split("\n");
  return (
    lines[lines.length - 1].replace(/^Input buffer has corrupt header: */, "").trim() || "corrupt header"
  );
}

function isTruncated(kind: ImageKind, bytes: Uint8Array, message: string): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  switch (kind) {
    case "PNG": // A whole PNG ends with an IEND chunk: its length 0, its name, its check sum.
      return !Buffer.from(bytes.subarray(-64)).includes("IEND");
    case "WebP": // The length after "RIFF" counts what follows it.
      return bytes.length < 12 || view.getUint32(4, true) + 8 > bytes.length;
    default:
      return /premature end|unexpected end|data outside of file bounds/i.test(message);
  }
}
