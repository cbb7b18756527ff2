import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import fc from "fast-check";
import sharp from "sharp";
import { openBundle } from "../../models/bundle/bundle.node.ts";
import { writeBundle } from "../../models/bundle/write-bundle.node.ts";
import { bundlePictures, writeThumbnails } from "../../models/thumbnails.node.ts";
import { thumbnailCell, thumbnailSheets, thumbnailSize } from "../../models/thumbnails.ts";
import { sampleMapInfo } from "../support/map-info.ts";

/** Plain pictures whose colour tells their index. */
const color = (index: number) => [(index * 37) % 256, (index * 91) % 256, (index * 53) % 256];
const plain = (size: number) => ({
  size,
  read(index: number, into: Uint8Array) {
    const rgb = color(index);
    for (let i = 0; i < size * size * 3; i++) into[i] = rgb[i % 3];
  },
});

describe("thumbnails", () => {
  test("every image has a cell of its own within its sheet, and no sheet is larger than 4096", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 50_000 }),
        fc.integer({ min: 8, max: 300 }),
        (count, imageSize) => {
          const side = thumbnailSize(count, imageSize);
          assert.ok(side <= imageSize && (side >= 32 || side === imageSize));
          const sheets = thumbnailSheets(count, side);
          assert.ok(sheets.length <= 4, "no more than a page holds");
          assert.equal(
            sheets.reduce((sum, sheet) => sum + sheet.count, 0),
            count,
          );
          const taken = new Set<string>();
          for (const index of [0, 1, 63, 64, 4095, 4096, 16_384, count - 1].filter((i) => i < count)) {
            const { sheet, x, y, size } = thumbnailCell(index, side);
            const on = sheets.find(({ name }) => name === sheet)!;
            assert.ok(x + size <= on.width && y + size <= on.height && on.width <= 4096 && on.height <= 4096);
            assert.ok(index >= on.first && index < on.first + on.count);
            taken.add(`${sheet} ${x} ${y}`);
          }
          assert.equal(
            taken.size,
            new Set([0, 1, 63, 64, 4095, 4096, 16_384, count - 1].filter((i) => i < count)).size,
          );
        },
      ),
    );
  });

  test("sheets written and read again show every picture in its place", async () => {
    const folder = await mkdtemp(join(tmpdir(), "thumbnails-"));
    try {
      const [count, imageSize] = [70, 96];
      await writeBundle(join(folder, "map"), async (dir) => {
        await writeThumbnails(dir, count, plain(imageSize), 64);
        return sampleMapInfo({ imageSize }); // does not tell, as in older maps: 64
      });
      const bundle = await openBundle(join(folder, "map"));
      const [sheet] = thumbnailSheets(count, 64);
      const { width, height, format } = await sharp(
        await readFile(await bundle.locate(sheet.name)),
      ).metadata();
      assert.deepEqual([width, height, format], [4096, 128, "webp"]);
      const pictures = bundlePictures(bundle);
      assert.equal(pictures.size, 64);
      const picture = new Uint8Array(64 * 64 * 3);
      for (const index of [0, 1, 63, 64, 69]) {
        await pictures.read(index, picture);
        const middle = picture.subarray((32 * 64 + 32) * 3, (32 * 64 + 32) * 3 + 3);
        for (let c = 0; c < 3; c++)
          assert.ok(Math.abs(middle[c] - color(index)[c]) < 12, `${index}: ${middle}`);
      }
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test("no more than one picture is asked for at a time, in order", async () => {
    const folder = await mkdtemp(join(tmpdir(), "thumbnails-"));
    try {
      const asked: number[] = [];
      const pictures = { size: 4, read: (index: number) => void asked.push(index) };
      await writeThumbnails(folder, 10, pictures, 4);
      assert.deepEqual(asked, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
