// What a file is, by its first bytes. Names lie: a GIF is called .jpg, a web page saved as .png.

/** How many first bytes are enough for {@link imageKind}. */
export const KIND_BYTES = 512;

export type ImageKind =
  | "JPEG"
  | "PNG"
  | "GIF"
  | "WebP"
  | "TIFF"
  | "AVIF"
  | "HEIC"
  | "BMP"
  | "JPEG XL"
  | "JPEG 2000"
  | "SVG";

/** Brands of ISO base media files (ISO/IEC 23008-12, annex B) that hold pictures. */
const BRANDS: Readonly<Record<string, ImageKind>> = {
  avif: "AVIF",
  avis: "AVIF",
  heic: "HEIC",
  heix: "HEIC",
  heim: "HEIC",
  heis: "HEIC",
  hevc: "HEIC",
  hevx: "HEIC",
  mif1: "HEIC",
  msf1: "HEIC",
};

/** Sizes of the header that follows the file header of a BMP; "BM" alone could begin a text. */
const BMP_HEADERS: readonly number[] = [12, 40, 52, 56, 64, 108, 124];

/** How many are enough for all but text. */
const SIGNATURE_BYTES = 32;

/** The first bytes as Latin-1, in which every byte is one character. */
function ascii(bytes: Uint8Array, from: number, to: number): string {
  return String.fromCharCode(...bytes.subarray(from, to));
}

/** The image format that the bytes begin with; undefined where they are no image known here. */
export function imageKind(bytes: Uint8Array): ImageKind | undefined {
  const head = ascii(bytes, 0, SIGNATURE_BYTES);
  if (head.startsWith("\xff\xd8\xff")) return "JPEG";
  if (head.startsWith("\x89PNG\r\n\x1a\n")) return "PNG";
  if (/^GIF8[79]a/.test(head)) return "GIF";
  if (/^RIFF.{4}WEBP/s.test(head)) return "WebP";
  if (/^(II[*+]\0|MM\0[*+])/.test(head)) return "TIFF";
  if (head.startsWith("ftyp", 4)) return BRANDS[head.slice(8, 12)];
  if (/^BM.{4}\0{4}.{4}.\0{3}/s.test(head) && BMP_HEADERS.includes(bytes[14])) return "BMP";
  if (head.startsWith("\xff\x0a") || head.startsWith("\0\0\0\x0cJXL \r\n\x87\n")) return "JPEG XL";
  if (head.startsWith("\xff\x4f\xff\x51") || head.startsWith("\0\0\0\x0cjP  \r\n\x87\n")) return "JPEG 2000";
  if (/^(\xef\xbb\xbf)?\s*(<(\?xml|!--|!doctype svg).*)?<svg[\s/>]/is.test(ascii(bytes, 0, KIND_BYTES)))
    return "SVG";
  return undefined;
}

/** What bytes that are no image seem to be, in a word or two. */
export function describeBytes(bytes: Uint8Array): string {
  const head = ascii(bytes, 0, KIND_BYTES);
  if (/^(\xef\xbb\xbf)?\s*<(!doctype html|html|head|body)\b/i.test(head)) return "a web page";
  if (head.startsWith("%PDF")) return "PDF";
  if (head.startsWith("PK\x03\x04")) return "ZIP";
  if (head.startsWith("\x1f\x8b")) return "gzip";
  if (head.startsWith("ftyp", 4)) return "a video";
  if (/^\0+$/.test(head)) return "nothing but zero bytes";
  // Text has no control characters but tab, line feed, form feed and carriage return.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what tells text from data.
  return /[\x00-\x08\x0b\x0e-\x1f\x7f]/.test(head) ? "an unknown format" : "text";
}
