import assert from "node:assert/strict";
import { describe, test } from "node:test";
import sharp from "sharp";
import { decodeImage } from "../../models/decode.node.ts";
import { reasonOf, UserError } from "../../models/errors.ts";
import type { Pixels } from "../../models/pixels.ts";
import {
  animation,
  BLUE,
  cut,
  GREEN,
  heic,
  hugePng,
  orientedJpeg,
  plain,
  quarterAt,
  quarters,
  RED,
  type Rgb,
} from "../support/images.ts";

const decode = (bytes: Uint8Array, minSide = 256) => decodeImage(bytes, { minSide });

function pixelAt({ data, width }: Pixels, x: number, y: number): Rgb {
  const at = (y * width + x) * 3;
  return [data[at], data[at + 1], data[at + 2]];
}

function assertNear(actual: Rgb, expected: Rgb, tolerance: number, what = ""): void {
  const far = actual.some((value, c) => Math.abs(value - expected[c]) > tolerance);
  assert.ok(!far, `${what}: ${actual} is not ${expected} ± ${tolerance}`);
}

/** All four quarters have their colours, away from the edges, where codecs blur. */
function assertQuarters(pixels: Pixels, tolerance: number, what: string): void {
  const { data, height, width } = pixels;
  assert.equal(data.length, height * width * 3, what);
  for (const y of [0.25, 0.75].map((share) => Math.floor(share * height))) {
    for (const x of [0.25, 0.75].map((share) => Math.floor(share * width))) {
      assertNear(pixelAt(pixels, x, y), quarterAt(x, y, width, height), tolerance, `${what} at ${x}, ${y}`);
    }
  }
}

describe("decodeImage", () => {
  test("gives 8-bit sRGB for every format and depth", async () => {
    const cases: [what: string, bytes: Buffer, tolerance: number][] = [
      ["JPEG", await quarters().jpeg({ quality: 95 }).toBuffer(), 6],
      ["progressive JPEG", await quarters().jpeg({ quality: 95, progressive: true }).toBuffer(), 6],
      ["PNG", await quarters().png().toBuffer(), 0],
      ["16-bit PNG", await quarters().toColourspace("rgb16").png().toBuffer(), 0],
      ["palette PNG", await quarters().png({ palette: true, colors: 4 }).toBuffer(), 1],
      ["GIF", await quarters().gif().toBuffer(), 1],
      ["WebP", await quarters().webp({ lossless: true }).toBuffer(), 0],
      ["TIFF", await quarters().tiff({ compression: "lzw" }).toBuffer(), 0],
      ["16-bit TIFF", await quarters().toColourspace("rgb16").tiff({ compression: "none" }).toBuffer(), 0],
      ["AVIF", await quarters().avif({ quality: 90 }).toBuffer(), 8],
      // Ink cannot show every colour of the screen.
      ["CMYK JPEG", await quarters().toColourspace("cmyk").jpeg({ quality: 95 }).toBuffer(), 60],
      ["Display P3", await quarters().withIccProfile("p3").png().toBuffer(), 2],
    ];
    for (const [what, bytes, tolerance] of cases) {
      const pixels = await decode(bytes);
      assert.deepEqual([pixels.width, pixels.height], [48, 32], what);
      assertQuarters(pixels, tolerance, what);
    }
  });

  test("makes three equal channels of gray, 8 and 16 bits", async () => {
    const gray = plain([90, 90, 90]).grayscale();
    const cases = {
      png: await gray.clone().png().toBuffer(),
      jpeg: await gray.clone().jpeg().toBuffer(),
      sixteen: await gray.clone().toColourspace("grey16").png().toBuffer(),
    };
    for (const [what, bytes] of Object.entries(cases)) {
      assertNear(pixelAt(await decode(bytes), 5, 5), [90, 90, 90], 1, what);
    }
  });

  test("applies each of the eight EXIF orientations", async () => {
    for (let orientation = 1; orientation <= 8; orientation++) {
      const pixels = await decode(await orientedJpeg(orientation));
      assert.deepEqual([pixels.width, pixels.height], [48, 32], `orientation ${orientation}`);
      assertQuarters(pixels, 6, `orientation ${orientation}`);
    }
  });

  test("applies the orientation of large images too, which are reduced while they are read", async () => {
    const pixels = await decode(await orientedJpeg(6, 960, 640), 64);
    assert.deepEqual([pixels.width, pixels.height], [96, 64]);
    assertQuarters(pixels, 6, "reduced");
  });

  test("lays transparency over white, or over another colour", async () => {
    const half = await plain([0, 0, 0]).ensureAlpha(0.5).png().toBuffer();
    assertNear(pixelAt(await decode(half), 3, 3), [127, 127, 127], 1);
    const clear = await plain(RED).ensureAlpha(0).png().toBuffer();
    assertNear(pixelAt(await decode(clear), 3, 3), [255, 255, 255], 0);
    const onGreen = await decodeImage(clear, { minSide: 256, background: "#0f0" });
    assertNear(pixelAt(onGreen, 3, 3), [0, 255, 0], 0);
    await assert.rejects(decodeImage(clear, { minSide: 256, background: "glass" }), /"glass" is no colour/);
  });

  test("takes the first frame of an animation", async () => {
    for (const format of ["gif", "webp"] as const) {
      const bytes = await animation(format, [RED, GREEN, BLUE]);
      assert.equal((await sharp(bytes).metadata()).pages, 3, "the fixture is animated");
      const pixels = await decode(bytes);
      assert.deepEqual([pixels.width, pixels.height], [32, 24], format);
      assertNear(pixelAt(pixels, 16, 12), RED, 6, format);
    }
  });

  test("reduces images of more than 1.5 times the wanted short side to it, and leaves others alone", async () => {
    const sizes = async (width: number, height: number) => {
      const { data, ...size } = await decode(await plain(RED, width, height).png().toBuffer(), 256);
      assert.equal(data.length, size.width * size.height * 3);
      return [size.width, size.height];
    };
    assert.deepEqual(await sizes(1024, 512), [512, 256]);
    assert.deepEqual(await sizes(400, 1200), [256, 768]);
    assert.deepEqual(await sizes(385, 385), [256, 256]);
    assert.deepEqual(await sizes(384, 900), [384, 900]);
    assert.deepEqual(await sizes(257, 256), [257, 256]);
    assert.deepEqual(await sizes(4000, 3), [4000, 3]);
    assert.deepEqual(await sizes(1, 1), [1, 1]);
  });

  test("bears harmless warnings", async () => {
    const jpeg = await quarters().jpeg().toBuffer();
    const strayBytes = Buffer.concat([jpeg.subarray(0, -2), Buffer.from([1, 2, 3]), jpeg.subarray(-2)]);
    assertQuarters(await decode(strayBytes), 10, "stray bytes before the end");
    assertQuarters(await decode(Buffer.concat([jpeg, Buffer.alloc(100, 9)])), 10, "bytes after the end");
  });

  const rejects = async (bytes: Uint8Array, reason: RegExp, maxPixels?: number) =>
    assert.rejects(decodeImage(bytes, { minSide: 256, maxPixels }), (error) => {
      assert.ok(error instanceof UserError, String(error));
      assert.match(error.message, reason);
      assert.doesNotMatch(error.message, /\n/);
      return true;
    });

  test("refuses what was cut off, wherever", async () => {
    const noise = { type: "gaussian", mean: 128, sigma: 40 } as const;
    const picture = sharp({ create: { width: 120, height: 90, channels: 3, background: "red", noise } });
    for (const [format, name] of [
      ["jpeg", "JPEG"],
      ["png", "PNG"],
      ["webp", "WebP"],
      ["gif", "GIF"],
      ["avif", "AVIF"],
    ] as const) {
      const bytes = await picture.clone().toFormat(format).toBuffer();
      for (const share of [0.05, 0.3, 0.6, 0.9, 0.99]) {
        await rejects(cut(bytes, share), new RegExp(`^truncated ${name}$`));
      }
    }
    await rejects(cut(await picture.clone().tiff().toBuffer()), /^damaged TIFF, or a kind of TIFF that /);
  });

  test("says what is wrong with everything else", async () => {
    const png = await quarters().png().toBuffer();
    const scrambled = Buffer.from(png);
    scrambled.fill(0xaa, 50, 90);
    await rejects(Buffer.alloc(0), /^empty file$/);
    await rejects(Buffer.from("hello"), /^not an image \(text\)$/);
    await rejects(Buffer.from("<html><body>404"), /^not an image \(a web page\)$/);
    await rejects(Buffer.from("%PDF-1.7"), /^not an image \(PDF\)$/);
    await rejects(Buffer.alloc(64), /^not an image \(nothing but zero bytes\)$/);
    await rejects(Buffer.from([1, 2, 3, 4]), /^not an image \(an unknown format\)$/);
    await rejects(Buffer.from("<?xml version='1.0'?><svg/>"), /^SVG is not supported/);
    await rejects(scrambled, /^damaged PNG$/);
    await rejects(heic(), /^HEIC is not supported by this build of the decoder \(convert to JPEG or PNG\)$/);
  });

  test("says of each image what is wrong with it, however many are decoded at once", async () => {
    const jpeg = await quarters().jpeg().toBuffer();
    const png = await quarters().png().toBuffer();
    const scrambled = Buffer.from(png).fill(0xaa, 50, 90);
    const cases: [bytes: Buffer, reason: string][] = [
      [cut(jpeg), "truncated JPEG"],
      [cut(png), "truncated PNG"],
      [scrambled, "damaged PNG"],
      [cut(await quarters().webp().toBuffer()), "truncated WebP"],
      [heic(), "HEIC is not supported by this build of the decoder (convert to JPEG or PNG)"],
      [
        hugePng(3000, 3000),
        "3000 × 3000 is 9 megapixels, over the limit of 1 (raise it with --max-megapixels)",
      ],
    ];
    const many = Array.from({ length: 20 }, () => cases).flat();
    const reasons = await Promise.all(
      many.map(([bytes]) => decodeImage(bytes, { minSide: 64, maxPixels: 1e6 }).catch(reasonOf)),
    );
    assert.deepEqual(
      reasons,
      many.map(([, reason]) => reason),
    );
  });

  test("refuses too many pixels before it decodes any", async () => {
    const bytes = hugePng(30000, 30000);
    const reason =
      /^30000 × 30000 is 900 megapixels, over the limit of 268 \(raise it with --max-megapixels\)$/;
    await rejects(bytes, reason);
    await rejects(bytes.subarray(0, 1000), reason); // most of the pixels are not even there
    await rejects(await plain(RED, 2000, 2000).png().toBuffer(), /is 4 megapixels, over the limit of 3/, 3e6);
    const pixels = await decodeImage(hugePng(4000, 4000), { minSide: 64, maxPixels: 16e6 });
    assert.deepEqual([pixels.width, pixels.height], [64, 64], "the limit itself is allowed");
  });
});
