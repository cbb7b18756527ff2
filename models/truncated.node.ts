// Whether an image file ends too soon, by its own bytes. What libvips says cannot be relied on: all its threads write
// into one buffer, so that of images decoded side by side one is told what is wrong with another.

import type { ImageKind } from "./image-kind.ts";

/** How far before the end of a file its format's end mark may stand: some programs append a few bytes. */
const TAIL_BYTES = 64;

/**
 * Whether the bytes of a damaged file of this kind are only its beginning. False where that cannot be told (TIFF may
 * keep its parts in any order).
 */
export function isTruncated(kind: ImageKind, bytes: Uint8Array): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const tail = Buffer.from(bytes.subarray(-TAIL_BYTES));
  switch (kind) {
    case "JPEG": // End of image (ITU-T T.81, B.1.1.3); within the picture's data no 0xff stands before 0xd9.
      return !tail.includes(Buffer.from([0xff, 0xd9]));
    case "PNG": // A whole PNG ends with an IEND chunk: its length 0, its name, its check sum.
      return !tail.includes("IEND");
    case "GIF": // The end of the last block, then the trailer (GIF89a, 15 and 27), perhaps padded with zeros.
      return !/\0;\0*$/.test(tail.toString("latin1"));
    case "WebP": // The length after "RIFF" counts what follows it.
      return bytes.length < 12 || view.getUint32(4, true) + 8 > bytes.length;
    case "AVIF":
      return endsWithinBox(view);
    default:
      return false;
  }
}

/** Whether the last box of an ISO base media file (ISO/IEC 14496-12, 4.2) is longer than what is left. */
function endsWithinBox(view: DataView): boolean {
  let offset = 0;
  while (offset < view.byteLength) {
    if (view.byteLength - offset < 8) return true;
    const size = view.getUint32(offset);
    if (size === 0) return false; // To the end of the file.
    if (size < 8) return false; // 1: a length of 64 bits, which no picture has; others are damage.
    offset += size;
  }
  return offset > view.byteLength;
}
