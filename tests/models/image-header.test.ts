import assert from "node:assert/strict";
import { describe, test } from "node:test";
import sharp from "sharp";
import { readImageHeader, readImageSize } from "../../models/image-header.ts";
import { type ImageKind, imageKind } from "../../models/image-kind.ts";
import { cut, hugePng, orientedJpeg, quarters } from "../support/images.ts";

const jpeg = (options = {}) => quarters(300, 200).jpeg(options).toBuffer();
/** A JPEG with another one, whole, in its EXIF data, as cameras write them. */
async function withPreview(): Promise<Buffer> {
  const [picture, preview] = [await jpeg(), await quarters(16, 16).jpeg().toBuffer()];
  const head = Buffer.from([0xff, 0xe1, 0, 0]);
  head.writeUInt16BE(preview.length + 2, 2);
  return Buffer.concat([picture.subarray(0, 2), head, preview, picture.subarray(2)]);
}

const files: Record<string, [ImageKind, () => Promise<Buffer>]> = {
  baseline: ["JPEG", jpeg],
  progressive: ["JPEG", () => jpeg({ progressive: true })],
  preview: ["JPEG", withPreview],
  png: ["PNG", () => quarters(300, 200).png().toBuffer()],
  "lossy webp": ["WebP", () => quarters(300, 200).webp().toBuffer()],
  "lossless webp": ["WebP", () => quarters(300, 200).webp({ lossless: true }).toBuffer()],
  "webp with alpha": ["WebP", () => quarters(300, 200).ensureAlpha(0.5).webp().toBuffer()],
  gif: ["GIF", () => quarters(300, 200).gif().toBuffer()],
  avif: ["AVIF", () => quarters(300, 200).avif().toBuffer()],
};

describe("the header of", () => {
  for (const [name, [kind, make]] of Object.entries(files)) {
    test(`a ${name} tells its size, and that the file is whole`, async () => {
      const bytes = await make();
      assert.equal(imageKind(bytes), kind);
      const expected = { size: { width: 300, height: 200 }, truncated: false, cmyk: false };
      assert.deepEqual(readImageHeader(kind, bytes), expected);
      assert.deepEqual(readImageSize(kind, bytes), expected.size, "the size alone");
    });
  }

  test("an image that was cut off says so, wherever it was cut", async () => {
    for (const name of ["baseline", "progressive", "preview", "png", "lossy webp"]) {
      const [kind, make] = files[name];
      const bytes = await make();
      for (const share of [0.05, 0.3, 0.6, 0.9, 0.98]) {
        assert.ok(readImageHeader(kind, cut(bytes, share)).truncated, `${name} at ${share}`);
      }
    }
  });

  test("bytes after the end of a JPEG are none of its business", async () => {
    const bytes = Buffer.concat([await jpeg(), Buffer.from("SEFT, as some telephones add")]);
    assert.equal(readImageHeader("JPEG", bytes).truncated, false);
  });

  test("a huge picture tells its size without being decoded", () => {
    assert.deepEqual(readImageHeader("PNG", hugePng(30000, 30000)).size, { width: 30000, height: 30000 });
  });

  test("printing colours are told", async () => {
    const cmyk = await sharp(await quarters().png().toBuffer())
      .toColourspace("cmyk")
      .jpeg()
      .toBuffer();
    assert.equal(readImageHeader("JPEG", cmyk).cmyk, true);
    assert.equal(readImageHeader("JPEG", await orientedJpeg(6)).cmyk, false);
  });

  test("noise is never more than truncated", () => {
    for (const kind of ["JPEG", "PNG", "WebP", "GIF", "BMP", "AVIF"] as const) {
      for (let length = 0; length < 40; length++) {
        const noise = Uint8Array.from({ length }, (_, i) => (i * 89 + length * 31) & 255);
        readImageHeader(kind, noise);
        readImageSize(kind, noise);
      }
    }
  });
});
