// The decoding contract: whatever comes in, one upright sRGB picture of 8 bits comes out. Any other decoder that
// keeps this contract places an image at the same point of the map.

import sharp from "sharp";
import type { MapInfo } from "./bundle/map-info.ts";
import { parseColor, toHex } from "./color.ts";
import { decodeSmall } from "./decode-small.node.ts";
import { DECODE_FACTOR, DEFAULT_MAX_PIXELS, isReduced, overPixelLimit } from "./decoding.ts";
import { UserError } from "./errors.ts";
import { type ImageSize, readImageSize } from "./image-header.ts";
import { describeBytes, type ImageKind, imageKind } from "./image-kind.ts";
import type { Pixels } from "./pixels.ts";
import { isTruncated } from "./truncated.node.ts";

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
  /** Images whose short side is much longer are reduced to it while decoding, in pixels. The contract: 8 · image size. */
  minSide: number;
  /** What shows through where the image is transparent (see parseColor). Defaults to white. */
  background?: string;
  /** Refuses images with more pixels, before decoding. Defaults to {@link DEFAULT_MAX_PIXELS}. */
  maxPixels?: number;
}

/** How images are decoded that are to be placed on a map. */
export function decodeOptionsOf(info: Pick<MapInfo, "imageSize" | "background">): DecodeOptions {
  return { minSide: DECODE_FACTOR * info.imageSize, background: toHex(info.background) };
}

/**
 * Decodes JPEG, PNG, GIF, WebP, TIFF and AVIF (first frame only), told apart by their bytes: upright by the EXIF
 * orientation, converted to sRGB of 8 bits (from CMYK, 16 bits, gray, palettes, other colour profiles), transparency
 * laid over the background, very large images reduced to no less than `minSide` on the short side.
 * @throws UserError whose message is the reason alone ("truncated JPEG"), for the caller to add the path
 */
export async function decodeImage(bytes: Uint8Array, options: DecodeOptions): Promise<Pixels> {
  const { minSide, maxPixels = DEFAULT_MAX_PIXELS } = options;
  const background = parseColor(options.background ?? "white");
  if (bytes.length === 0) throw new UserError("empty file");
  const kind = imageKind(bytes);
  if (kind === undefined) throw new UserError(`not an image (${describeBytes(bytes)})`);
  // A drawing has no pixels of its own, and its text depends on the fonts of the machine.
  if (kind === "SVG") throw new UserError("SVG is not supported (convert to PNG)");
  const isWanted = (size: ImageSize) => !isReduced(size, minSide) && size.width * size.height <= maxPixels;
  const small = await decodeSmall(kind, bytes, isWanted, background);
  if (small) return small;
  try {
    const [r, g, b] = background;
    // failOn "error" refuses what is cut off or undecodable, and bears warnings such as stray bytes between markers.
    const image = sharp(bytes, { failOn: "error", limitInputPixels: maxPixels })
      .autoOrient()
      .flatten({ background: { r, g, b } });
    const size = readImageSize(kind, bytes) ?? (await image.metadata());
    // Even a resize to the same size takes as long as to decode a small photograph.
    if (isReduced(size, minSide)) image.resize(minSide, minSide, { fit: "outside" });
    const { data, info } = await image.toColourspace("srgb").raw().toBuffer({ resolveWithObject: true });
    if (info.channels !== 3) throw new Error(`${info.channels} channels instead of red, green and blue`);
    return { data, height: info.height, width: info.width };
  } catch (error) {
    throw (
      (await pixelLimitError(error, bytes, maxPixels)) ??
      new UserError(reasonFor(kind, bytes), { cause: error })
    );
  }
}

/** The error of an image that has more pixels than allowed; undefined for others. */
async function pixelLimitError(
  cause: unknown,
  bytes: Uint8Array,
  maxPixels: number,
): Promise<PixelLimitError | undefined> {
  const header = await sharp(bytes, { limitInputPixels: false })
    .metadata()
    .catch(() => undefined);
  if (header === undefined || header.width * header.height <= maxPixels) return undefined;
  return new PixelLimitError(overPixelLimit(header.width, header.height, maxPixels), cause);
}

/** What is wrong with an image that did not decode, from its own bytes alone; see isTruncated. */
function reasonFor(kind: ImageKind, bytes: Uint8Array): string {
  if (isTruncated(kind, bytes)) return `truncated ${kind}`;
  switch (kind) {
    case "JPEG":
    case "PNG":
    case "GIF":
    case "WebP":
      return `damaged ${kind}`;
    case "TIFF":
    case "AVIF": // Of these the decoder knows many variants, not all.
      return `damaged ${kind}, or a kind of ${kind} that is not supported (convert to JPEG or PNG)`;
    default:
      return `${kind} is not supported by this build of the decoder (convert to JPEG or PNG)`;
  }
}
