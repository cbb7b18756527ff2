// JPEG and PNG of few pixels, which libvips takes twenty times as long to set up for as to decode. Only plain ones are
// read here, to the same pixels bit for bit; all else is left to sharp, which also says what is wrong with a file.

import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import jpegDecoder, { type MozJPEGModule } from "@jsquash/jpeg/codec/dec/mozjpeg_dec.js";
import { decode as decodePng } from "fast-png";
import type { Rgb } from "./color.ts";
import { type ImageSize, jpegFrameSize, jpegSegments } from "./image-header.ts";
import type { ImageKind } from "./image-kind.ts";
import type { Pixels } from "./pixels.ts";

/** Samples of a picture, interleaved: gray, RGB or RGBA. */
interface Samples {
  readonly data: Uint8Array | Uint8ClampedArray;
  readonly channels: number;
}

interface Decoder {
  /** With more, it would hold up the one JavaScript thread for longer than sharp's call does. */
  readonly mostPixels: number;
  /** Undefined where a picture is not plain. */
  readonly plainSize: (bytes: Uint8Array) => ImageSize | undefined;
  /** Undefined where anything is wrong. */
  readonly decode: (bytes: Uint8Array) => Samples | undefined | Promise<Samples | undefined>;
}

const decoders: Readonly<Record<"JPEG" | "PNG", Decoder>> = {
  JPEG: { mostPixels: 128 ** 2, plainSize: plainJpeg, decode: jpegSamples },
  PNG: { mostPixels: 48 ** 2, plainSize: plainPng, decode: pngSamples },
};

/**
 * The pixels of a small plain picture; undefined where sharp is to decode it: it is larger, is of another kind, has an
 * orientation, a colour profile or another depth, or is damaged.
 * @param isWanted whether a picture of this size is wanted as it is
 * @param background what shows through where it is transparent, RGB 0 … 255
 */
export async function decodeSmall(
  kind: ImageKind,
  bytes: Uint8Array,
  isWanted: (size: ImageSize) => boolean,
  background: Rgb,
): Promise<Pixels | undefined> {
  if (kind !== "JPEG" && kind !== "PNG") return undefined;
  const { mostPixels, plainSize, decode } = decoders[kind];
  const size = plainSize(bytes);
  if (!size || size.width * size.height > mostPixels || !isWanted(size)) return undefined;
  const samples = await decode(bytes);
  // A decoder that has nothing against a file whose header was misread is not to be trusted with it.
  if (!samples || samples.data.length !== size.width * size.height * samples.channels) return undefined;
  return { data: flattened(samples, background), ...size };
}

/** Markers (ITU-T T.81, table B.1) of a picture and nothing else: JFIF, tables, restart interval, comment. */
const JPEG_PLAIN: readonly number[] = [0xe0, 0xdb, 0xc4, 0xdd, 0xfe];
/** Frames of 8 bits in Huffman coding: baseline, extended, progressive. */
const JPEG_FRAMES: readonly number[] = [0xc0, 0xc1, 0xc2];
const JPEG_SCAN = 0xda;

/** The size of a JPEG in gray or YCbCr, if nothing is said of how to turn it or of its colours. */
function plainJpeg(bytes: Uint8Array): ImageSize | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let size: ImageSize | undefined;
  for (const { marker, at } of jpegSegments(view)) {
    if (at + 10 > bytes.length) return undefined;
    if (marker === JPEG_SCAN) return size;
    if (JPEG_FRAMES.includes(marker) && bytes[at + 4] === 8 && [1, 3].includes(bytes[at + 9])) {
      size = jpegFrameSize(view, at);
    } else if (!JPEG_PLAIN.includes(marker)) return undefined;
  }
  return undefined;
}

/** Chunks (https://www.w3.org/TR/png-3) that change nothing about the pixels. */
const PNG_PLAIN = /^(IHDR|IDAT|IEND|tEXt|zTXt|iTXt|pHYs|tIME|bKGD|gAMA|cHRM|sRGB)$/;
/** Gray, RGB and RGBA; not palettes, nor gray with alpha, which sharp lays over a gray background. */
const PNG_COLORS: readonly number[] = [0, 2, 6];

/** The size of a whole PNG of 8 bits without palette, if nothing is said of how to turn it or of its colours. */
function plainPng(bytes: Uint8Array): ImageSize | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes[24] !== 8 || !PNG_COLORS.includes(bytes[25])) return undefined;
  for (let at = 8; at + 12 <= bytes.length; at += 12 + view.getUint32(at)) {
    const name = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    if (!PNG_PLAIN.test(name)) return undefined;
    if (name === "IEND") return { width: view.getUint32(16), height: view.getUint32(20) };
  }
  return undefined;
}

let jpeg: Promise<MozJPEGModule> | undefined;
let complained = false;

/** By mozjpeg, whose decoder is that of libjpeg-turbo, as sharp's is. Undefined where it finds anything wrong. */
async function jpegSamples(bytes: Uint8Array): Promise<Samples | undefined> {
  jpeg ??= openJpegDecoder();
  const decoder = await jpeg;
  complained = false;
  try {
    const image = decoder.decode(bytes as Uint8Array<ArrayBuffer>, false);
    return image && !complained ? { data: image.data, channels: 4 } : undefined;
  } catch {
    jpeg = undefined; // it keeps the memory of what it fails at
    return undefined;
  }
}

async function openJpegDecoder(): Promise<MozJPEGModule> {
  const file = createRequire(import.meta.url).resolve("@jsquash/jpeg/codec/dec/mozjpeg_dec.wasm");
  const options = {
    wasmBinary: await readFile(file),
    printErr: () => {
      complained = true;
    },
  };
  return await jpegDecoder(options as Parameters<typeof jpegDecoder>[0]);
}

function pngSamples(bytes: Uint8Array): Samples | undefined {
  try {
    const { data, channels } = decodePng(bytes, { checkCrc: true });
    return data instanceof Uint16Array ? undefined : { data, channels };
  } catch {
    return undefined;
  }
}

/** Gray, RGB or RGBA → RGB over a background, in whole numbers as libvips counts. */
function flattened({ data, channels }: Samples, background: readonly number[]): Uint8Array {
  if (channels === 3 && data instanceof Uint8Array) return data;
  const count = data.length / channels;
  const step = channels > 1 ? 1 : 0;
  const out = new Uint8Array(3 * count);
  for (let i = 0, from = 0, to = 0; i < count; i++, from += channels, to += 3) {
    const alpha = channels === 4 ? data[from + 3] : 255;
    for (let c = 0; c < 3; c++) {
      const value = data[from + c * step];
      out[to + c] = alpha === 255 ? value : Math.floor((value * alpha + background[c] * (255 - alpha)) / 255);
    }
  }
  return out;
}
