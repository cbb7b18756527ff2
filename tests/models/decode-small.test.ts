import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import sharp, { type Sharp } from "sharp";
import { decodeSmall } from "../../models/decode-small.node.ts";
import type { ImageSize } from "../../models/image-header.ts";
import { imageKind } from "../../models/image-kind.ts";
import { randomStream } from "../../training/random.ts";
import { cut, orientedJpeg, quarters } from "../support/images.ts";

const BACKGROUND = [200, 30, 90] as const;

const decode = (bytes: Uint8Array, isWanted: (size: ImageSize) => boolean = () => true) =>
  decodeSmall(imageKind(bytes)!, bytes, isWanted, BACKGROUND);

/** What sharp makes of it; undefined where it refuses. */
async function bySharp(bytes: Uint8Array): Promise<Buffer | undefined> {
  const [r, g, b] = BACKGROUND;
  const pipeline = sharp(bytes, { failOn: "error" }).autoOrient().flatten({ background: { r, g, b } });
  return await pipeline
    .toColourspace("srgb")
    .raw()
    .toBuffer()
    .catch(() => undefined);
}

/** Noise, which hides no difference. */
function noise(width: number, height: number, channels: 1 | 2 | 3 | 4, seed: number): Sharp {
  const random = randomStream(seed, "noise");
  const data = Buffer.from(
    Array.from({ length: width * height * channels }, () => Math.floor(256 * random.uniform())),
  );
  return sharp(data, { raw: { width, height, channels } });
}

const pictures = (side: number) =>
  fc.record({
    width: fc.integer({ min: 1, max: side }),
    height: fc.integer({ min: 1, max: side }),
    seed: fc.integer({ min: 0 }),
  });

const jpegs = fc.record({
  gray: fc.boolean(),
  quality: fc.integer({ min: 1, max: 100 }),
  progressive: fc.boolean(),
  chromaSubsampling: fc.constantFrom("4:2:0", "4:4:4"),
  optimiseCoding: fc.boolean(),
});

const pngs = fc.record({
  channels: fc.constantFrom(1 as const, 3 as const, 4 as const),
  progressive: fc.boolean(),
  adaptiveFiltering: fc.boolean(),
  compressionLevel: fc.integer({ min: 0, max: 9 }),
});

describe("small plain pictures", () => {
  test("JPEG has the pixels that sharp gives it", async () => {
    await fc.assert(
      fc.asyncProperty(pictures(128), jpegs, async ({ width, height, seed }, { gray, ...options }) => {
        const picture = noise(width, height, 3, seed);
        const bytes = await (gray ? picture.grayscale() : picture).jpeg(options).toBuffer();
        const pixels = await decode(bytes);
        assert.deepEqual([pixels?.width, pixels?.height], [width, height]);
        assert.ok((await bySharp(bytes))!.equals(pixels!.data));
      }),
      { numRuns: 100 },
    );
  });

  test("PNG has the pixels that sharp gives it, with what shines through", async () => {
    await fc.assert(
      fc.asyncProperty(pictures(48), pngs, async ({ width, height, seed }, { channels, ...options }) => {
        const picture = noise(width, height, channels, seed);
        const bytes = await (channels === 1 ? picture.toColourspace("b-w") : picture).png(options).toBuffer();
        const pixels = await decode(bytes);
        assert.deepEqual([pixels?.width, pixels?.height], [width, height]);
        assert.ok((await bySharp(bytes))!.equals(pixels!.data));
      }),
      { numRuns: 100 },
    );
  });

  test("what is damaged is what sharp makes of it, or left to sharp", async () => {
    const files = await Promise.all([
      noise(40, 30, 3, 1).jpeg().toBuffer(),
      noise(40, 30, 3, 2).jpeg({ progressive: true }).toBuffer(),
      noise(40, 30, 4, 3).png().toBuffer(),
    ]);
    const damage = fc.record({
      file: fc.constantFrom(...files),
      from: fc.double({ min: 0.5, max: 1, noNaN: true }), // beyond the tables, in which nonsense is no error
      bytes: fc.uint8Array({ minLength: 1, maxLength: 30 }),
      kept: fc.double({ min: 0.9, max: 1, noNaN: true }),
    });
    await fc.assert(
      fc.asyncProperty(damage, async ({ file, from, bytes, kept }) => {
        const damaged = Buffer.from(file);
        damaged.set(
          bytes.slice(0, damaged.length - Math.floor(from * damaged.length)),
          Math.floor(from * damaged.length),
        );
        const rest = cut(damaged, kept);
        const pixels = await decode(rest);
        if (pixels) assert.ok((await bySharp(rest))?.equals(pixels.data));
      }),
      { numRuns: 300 },
    );
    assert.ok(await decode(files[0]), "the decoder still works");
  });

  test("sharp decodes what is not plain", async () => {
    const others = {
      "turned by EXIF": await orientedJpeg(6),
      "a colour profile": await quarters().withIccProfile("p3").png().toBuffer(),
      "a colour profile in a JPEG": await quarters().withIccProfile("p3").jpeg().toBuffer(),
      CMYK: await quarters().toColourspace("cmyk").jpeg().toBuffer(),
      "16 bits": await quarters().toColourspace("rgb16").png().toBuffer(),
      "a palette": await quarters().png({ palette: true }).toBuffer(),
      "gray with alpha": await noise(9, 9, 2, 1).toColourspace("b-w").png().toBuffer(),
      GIF: await quarters().gif().toBuffer(),
      WebP: await quarters().webp().toBuffer(),
      "a larger JPEG": await quarters(200, 90).jpeg().toBuffer(),
      "a larger PNG": await quarters(64, 64).png().toBuffer(),
    };
    for (const [what, bytes] of Object.entries(others)) assert.equal(await decode(bytes), undefined, what);
    const plain = await quarters().png().toBuffer();
    assert.equal(await decode(plain, () => false), undefined, "a size that is not wanted");
    assert.ok(await decode(plain, ({ width, height }) => width === 48 && height === 32));
  });
});
