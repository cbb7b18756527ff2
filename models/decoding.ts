// What the decoders of Node and of the browser have in common; see models/decode.node.ts and web-demo/decode.web.ts.

/** Large images are reduced to a short side of so many times the encoder's; see the decoding contract. */
export const DECODE_FACTOR = 8;
/** A short side up to so many times as long is left: to reduce it would take as long as to decode it. */
const LEFT = 1.5;

/** Whether a decoder reduces an image of this size to the short side `minSide`. */
export function isReduced({ width, height }: { width: number; height: number }, minSide: number): boolean {
  return Math.min(width, height) > LEFT * minSide;
}

/** Width × height above which an image is refused, unless told otherwise: 16,383², sharp's own limit. */
export const DEFAULT_MAX_PIXELS = 16383 ** 2;

/** Why an image with too many pixels is refused, in one line. */
export function overPixelLimit(width: number, height: number, maxPixels: number): string {
  const mega = (pixels: number) =>
    (pixels / 1e6).toLocaleString("en", { maximumFractionDigits: pixels < 1e7 ? 1 : 0 });
  return `${width} × ${height} is ${mega(width * height)} megapixels, over the limit of ${mega(maxPixels)}`;
}
