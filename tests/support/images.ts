// Pictures of every awkward kind, made on the spot.

import { execFileSync } from "node:child_process";
import { mkdir, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { crc32, deflateSync } from "node:zlib";
import sharp, { type Sharp } from "sharp";

export type Rgb = readonly [red: number, green: number, blue: number];

export const RED: Rgb = [220, 40, 30];
export const GREEN: Rgb = [40, 180, 60];
export const BLUE: Rgb = [30, 60, 200];
export const YELLOW: Rgb = [230, 210, 40];

/** A picture of one colour, ready to be encoded. */
export function plain(color: Rgb, width = 32, height = 24): Sharp {
  const [r, g, b] = color;
  return sharp({ create: { width, height, channels: 3, background: { r, g, b } } });
}

/** The colour at a place of {@link quarters}: no two of its turned or mirrored versions look the same. */
export function quarterAt(x: number, y: number, width: number, height: number): Rgb {
  if (y < height / 2) return x < width / 2 ? RED : GREEN;
  return x < width / 2 ? BLUE : YELLOW;
}

/** Four quarters: red and green above, blue and yellow below. */
export function quarters(width = 48, height = 32): Sharp {
  return fromPixels(width, height, (x, y) => quarterAt(x, y, width, height));
}

/** Where the pixel (x, y) of an upright width × height picture is stored, by EXIF orientation (EXIF 2.32, 4.6.4). */
const STORED_AT: Readonly<Record<number, (x: number, y: number, w: number, h: number) => [number, number]>> =
  {
    1: (x, y) => [x, y],
    2: (x, y, w) => [w - 1 - x, y],
    3: (x, y, w, h) => [w - 1 - x, h - 1 - y],
    4: (x, y, _, h) => [x, h - 1 - y],
    5: (x, y) => [y, x],
    6: (x, y, w) => [y, w - 1 - x],
    7: (x, y, w, h) => [h - 1 - y, w - 1 - x],
    8: (x, y, _, h) => [h - 1 - y, x],
  };

/** A JPEG that is {@link quarters} once its EXIF orientation, 1 … 8, is applied. */
export function orientedJpeg(orientation: number, width = 48, height = 32): Promise<Buffer> {
  const turned = orientation >= 5;
  const stored = Buffer.alloc(width * height * 3);
  const storedWidth = turned ? height : width;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [column, row] = STORED_AT[orientation](x, y, width, height);
      stored.set(quarterAt(x, y, width, height), (row * storedWidth + column) * 3);
    }
  }
  const raw = { width: storedWidth, height: turned ? width : height, channels: 3 as const };
  return sharp(stored, { raw })
    .jpeg({ quality: 100, chromaSubsampling: "4:4:4" })
    .withMetadata({ orientation })
    .toBuffer();
}

/** An animation whose frames have these colours. */
export function animation(format: "gif" | "webp", colors: readonly Rgb[]): Promise<Buffer> {
  const width = 32;
  const height = 24;
  const frames = fromPixels(width, height * colors.length, (_, y) => colors[Math.floor(y / height)]);
  return frames
    .raw()
    .toBuffer()
    .then((data) =>
      sharp(data, { raw: { width, height: height * colors.length, channels: 3, pageHeight: height } })
        .toFormat(format, { delay: colors.map(() => 100) })
        .toBuffer(),
    );
}

/** A black PNG of any size in a few kilobytes: 1 bit gray, without ever holding its pixels. */
export function hugePng(width: number, height: number): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header[8] = 1; // bits; colour type 0 is gray
  const rows = Buffer.alloc((1 + Math.ceil(width / 8)) * height);
  return Buffer.concat([
    Buffer.from("\x89PNG\r\n\x1a\n", "latin1"),
    pngChunk("IHDR", header),
    pngChunk("IDAT", deflateSync(rows, { level: 1 })),
    pngChunk("IEND", Buffer.alloc(0)),
  ]);
}

/** What begins like a photograph of a telephone, with a codec that the decoder does not have. */
export function heic(): Buffer {
  const brands = Buffer.from("\0\0\0\x18ftypheic\0\0\0\0mif1heic", "latin1");
  return Buffer.concat([brands, Buffer.alloc(200, 7)]);
}

/** The beginning of a file. */
export function cut(bytes: Buffer, share = 0.5): Buffer {
  return bytes.subarray(0, Math.floor(bytes.length * share));
}

export interface AwkwardFolder {
  /** Images that must load, sorted. */
  load: string[];
  /** Files that must be skipped, and what the reason must say; sorted. */
  skip: { path: string; reason: RegExp }[];
  /** How many files are no images and must be counted only. */
  otherFiles: number;
}

/**
 * Fills a folder with all that people have among their images, good and bad, in class folders (`kinds`, `turned`,
 * `bad`, …) and one at the top. All of it can be deleted without changing permissions first.
 */
export async function writeAwkwardFolder(folder: string): Promise<AwkwardFolder> {
  const jpeg = await quarters().jpeg().toBuffer();
  const png = await quarters().png().toBuffer();
  const good: Record<string, Buffer> = {
    "at the top.png": png,
    "kinds/a gif.jpg": await quarters().gif().toBuffer(),
    "kinds/animated.gif": await animation("gif", [RED, GREEN, BLUE]),
    "kinds/animated.webp": await animation("webp", [RED, GREEN, BLUE]),
    "kinds/avif.avif": await quarters().avif().toBuffer(),
    "kinds/cmyk.jpg": await quarters().toColourspace("cmyk").jpeg().toBuffer(),
    "kinds/gray alpha.png": await plain([90, 90, 90]).grayscale().ensureAlpha(0.5).png().toBuffer(),
    "kinds/gray.jpg": await quarters().grayscale().jpeg().toBuffer(),
    "kinds/no extension": png,
    "kinds/one pixel.png": await plain(RED, 1, 1).png().toBuffer(),
    "kinds/palette.png": await quarters().png({ palette: true, colors: 4 }).toBuffer(),
    "kinds/sixteen bits.png": await quarters().toColourspace("rgb16").png().toBuffer(),
    "kinds/tiff.TIF": await quarters().tiff().toBuffer(),
    "kinds/transparent.png": await quarters().ensureAlpha(0).png().toBuffer(),
    "kinds/wide.png": await plain(BLUE, 300, 2).png().toBuffer(),
    'it\'s (odd) "names"/a\nnew line.png': png,
    'it\'s (odd) "names"/emoji 🐈‍⬛ und Ümläut.png': png,
    'it\'s (odd) "names"/ spaces  and 100%.jpeg': jpeg,
    'it\'s (odd) "names"/folder.png/inside.jpg': jpeg,
  };
  for (let orientation = 1; orientation <= 8; orientation++) {
    good[`turned/${orientation}.jpg`] = await orientedJpeg(orientation);
  }
  const bad: [path: string, reason: RegExp, bytes: Buffer][] = [
    ["bad/a phone's.heic", /^HEIC is not supported .*convert/, heic()],
    ["bad/cut.jpg", /^truncated JPEG$/, cut(jpeg)],
    ["bad/cut.png", /^truncated PNG$/, cut(png)],
    ["bad/cut.webp", /^truncated WebP$/, cut(await quarters().webp().toBuffer())],
    ["bad/drawing.svg", /^SVG is not supported/, Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>')],
    ["bad/empty.png", /^empty file$/, Buffer.alloc(0)],
    ["bad/huge.png", /^30000 × 30000 is 900 megapixels, over the limit of 268/, hugePng(30000, 30000)],
    ["bad/page.jpg", /^not an image \(a web page\)$/, Buffer.from("<!DOCTYPE html><title>404</title>")],
    ["bad/text.png", /^not an image \(text\)$/, Buffer.from("This is no picture.\n")],
  ];
  const others: Record<string, string> = {
    "readme.txt": "about these images",
    "kinds/notes.md": "# notes",
    "bad/data.bin": "\0\x01\x02",
  };
  const hidden: Record<string, Buffer> = {
    ".hidden.png": png,
    ".cache/thumb.png": png,
    "__MACOSX/._a.png": png,
  };
  for (const [path, bytes] of [
    ...Object.entries(good),
    ...bad.map(([path, , bytes]) => [path, bytes] as const),
    ...Object.entries(others),
    ...Object.entries(hidden),
  ]) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), bytes);
  }
  await mkdir(join(folder, "empty class/deeper"), { recursive: true });

  const skip = bad.map(([path, reason]) => ({ path, reason }));
  if (process.platform !== "win32") {
    await symlink("nowhere.png", join(folder, "bad/link to nothing.png"));
    await symlink("itself.png", join(folder, "bad/itself.png"));
    await symlink("..", join(folder, "bad/loop"));
    await symlink("../turned", join(folder, "bad/turned again"));
    await symlink("1.jpg", join(folder, "turned/a link.jpg"));
    execFileSync("mkfifo", [join(folder, "bad/pipe.png")]);
    good["turned/a link.jpg"] = good["turned/1.jpg"];
    skip.push(
      { path: "bad/itself.png", reason: /leads back to itself/ },
      { path: "bad/link to nothing.png", reason: /link to nothing/ },
      { path: "bad/loop", reason: /a loop/ },
      { path: "bad/pipe.png", reason: /a pipe/ },
      { path: "bad/turned again", reason: /read already/ },
    );
  }
  return {
    load: Object.keys(good).sort(byBytes),
    skip: skip.sort((a, b) => byBytes(a.path, b.path)),
    otherFiles: Object.keys(others).length,
  };
}

function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

function fromPixels(width: number, height: number, colorAt: (x: number, y: number) => Rgb): Sharp {
  const data = Buffer.alloc(width * height * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) data.set(colorAt(x, y), (y * width + x) * 3);
  }
  return sharp(data, { raw: { width, height, channels: 3 } });
}

function pngChunk(type: string, data: Buffer): Buffer {
  const named = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  const check = Buffer.alloc(4);
  check.writeUInt32BE(crc32(named));
  return Buffer.concat([length, named, check]);
}
