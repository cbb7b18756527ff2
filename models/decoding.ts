// What the decoders of Node and of the browser have in common; see models/decode.node.ts and web-demo/decode.web.ts.

/** The short side of a decoded image may be so many times the encoder's; see the decoding contract. */
export const DECODE_FACTOR = 8;

/** Width × height above which an image is refused, unless told otherwise: 16,383², sharp's own limit. */
export const DEFAULT_MAX_PIXELS = 16383 ** 2;

/** Why an image with too many pixels is refused, in one line. */
export function overPixelLimit(width: number, height: number, maxPixels: number): string {
  const mega = (pixels: number) =>
    (pixels / 1e6).toLocaleString("en", { maximumFractionDigits: pixels < 1e7 ? 1 : 0 });
  return `${width} × ${height} is ${mega(width * height)} megapixels, over the limit of ${mega(maxPixels)}`;
}
