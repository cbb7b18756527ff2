// What the first bytes of an image tell before it is decoded: its size, and whether the file is whole. A browser
// decodes what there is of a file that was cut off, and says nothing.

import type { ImageKind } from "./image-kind.ts";

export interface ImageSize {
  readonly width: number;
  readonly height: number;
}

export interface ImageHeader {
  /** As stored, before it is turned upright; undefined where the header does not tell. */
  readonly size?: ImageSize;
  readonly truncated: boolean;
  /** Printing colours, which every decoder turns into others. */
  readonly cmyk: boolean;
}

export function readImageHeader(kind: ImageKind, bytes: Uint8Array): ImageHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  try {
    switch (kind) {
      case "JPEG":
        return jpegHeader(view);
      case "PNG":
        return {
          size: { width: view.getUint32(16), height: view.getUint32(20) },
          // A whole PNG ends with an IEND chunk: its length 0, its name, its check sum.
          truncated: !includes(bytes.subarray(-64), "IEND"),
          cmyk: false,
        };
      case "WebP":
        return { size: webpSize(view), truncated: view.getUint32(4, true) + 8 > bytes.length, cmyk: false };
      case "GIF":
        return whole(view.getUint16(6, true), view.getUint16(8, true));
      case "BMP":
        return whole(Math.abs(view.getInt32(18, true)), Math.abs(view.getInt32(22, true)));
      case "AVIF":
        return { size: avifSize(view), truncated: false, cmyk: false };
      default:
        return { truncated: false, cmyk: false };
    }
  } catch (error) {
    if (error instanceof RangeError) return { truncated: true, cmyk: false }; // read past the end
    throw error;
  }
}

function whole(width: number, height: number): ImageHeader {
  return { size: { width, height }, truncated: false, cmyk: false };
}

function includes(bytes: Uint8Array, text: string): boolean {
  return String.fromCharCode(...bytes).includes(text);
}

/** The size alone, for which a JPEG need not be walked to its end. */
export function readImageSize(kind: ImageKind, bytes: Uint8Array): ImageSize | undefined {
  if (kind !== "JPEG") return readImageHeader(kind, bytes).size;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (const segment of jpegSegments(view)) {
    if (isFrame(segment)) return segment.at + 9 <= bytes.length ? jpegFrameSize(view, segment.at) : undefined;
  }
  return undefined;
}

interface JpegSegment {
  readonly marker: number;
  /** Of its marker. */
  readonly at: number;
}

/** Segments up to the end-of-image marker (ITU T.81, annex B). Previews lie within segments, so are passed over. */
export function* jpegSegments(view: DataView): Generator<JpegSegment> {
  let at = 2;
  while (at + 1 < view.byteLength) {
    if (view.getUint8(at) !== 0xff || view.getUint8(at + 1) === 0xff) {
      at++; // stray bytes, which decoders bear
      continue;
    }
    const marker = view.getUint8(at + 1);
    if (marker <= 0x01 || (marker >= 0xd0 && marker <= 0xd8)) {
      at += 2; // stands alone
      continue;
    }
    yield { marker, at };
    if (marker === 0xd9 || at + 4 > view.byteLength) return;
    at += 2 + view.getUint16(at + 2);
    if (marker === 0xda) at = endOfScan(view, at);
  }
}

/** Start of frame, of whatever coding; C4, C8 and CC are tables. */
function isFrame({ marker }: JpegSegment): boolean {
  return marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
}

/** What a start of frame says. @param at where its marker is */
export function jpegFrameSize(view: DataView, at: number): ImageSize {
  return { width: view.getUint16(at + 7), height: view.getUint16(at + 5) };
}

function jpegHeader(view: DataView): ImageHeader {
  let size: ImageSize | undefined;
  let cmyk = false;
  for (const segment of jpegSegments(view)) {
    if (segment.marker === 0xd9) return { size, truncated: false, cmyk };
    if (!isFrame(segment)) continue;
    size ??= jpegFrameSize(view, segment.at);
    cmyk = view.getUint8(segment.at + 9) === 4;
  }
  return { size, truncated: true, cmyk };
}

/** In coded data a byte FF is followed by 0 or is a restart marker; another one ends it. */
function endOfScan(view: DataView, start: number): number {
  const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  for (let at = bytes.indexOf(0xff, start); at >= 0; at = bytes.indexOf(0xff, at + 1)) {
    const next = bytes[at + 1];
    if (next !== undefined && next !== 0 && next !== 0xff && (next < 0xd0 || next > 0xd7)) return at;
  }
  return bytes.length;
}

/** https://developers.google.com/speed/webp/docs/riff_container */
function webpSize(view: DataView): ImageSize | undefined {
  const uint24 = (at: number) => view.getUint16(at, true) | (view.getUint8(at + 2) << 16);
  switch (view.getUint32(12)) {
    case 0x56503858: // VP8X
      return { width: uint24(24) + 1, height: uint24(27) + 1 };
    case 0x56503820: // VP8, lossy
      return { width: view.getUint16(26, true) & 0x3fff, height: view.getUint16(28, true) & 0x3fff };
    case 0x5650384c: {
      const bits = view.getUint32(21, true); // VP8L, lossless
      return { width: (bits & 0x3fff) + 1, height: ((bits >> 14) & 0x3fff) + 1 };
    }
    default:
      return undefined;
  }
}

/** The largest picture of the file; its boxes of image spatial extents are near the start. */
function avifSize(view: DataView): ImageSize | undefined {
  let size: ImageSize | undefined;
  for (let at = 0; at + 16 <= Math.min(view.byteLength, 4096); at++) {
    if (view.getUint32(at) !== 0x69737065) continue; // ispe, then version and flags
    const found = { width: view.getUint32(at + 8), height: view.getUint32(at + 12) };
    if (!size || found.width * found.height > size.width * size.height) size = found;
  }
  return size;
}
