// Real images, where they are at hand: photographs of all sizes, and CIFAR-10.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import sharp from "sharp";
import type { Pixels } from "../../models/pixels.ts";
import { prepareDataset } from "../../training/dataset/cache.ts";
import { openSource } from "../../training/dataset/source.ts";
import type { StoredDataset } from "../../training/dataset/stored-dataset.ts";
import { sharedArchive } from "../support/shared-images.ts";
import { temporaryFolder } from "../support/temporary.ts";

/** Prepares an archive as training would, with sharp to resize where the graph would. */
async function prepare(archive: string, imageSize: number, cacheDirectory: string) {
  const source = await openSource(archive);
  let decoded = 0;
  const dataset: StoredDataset = await prepareDataset(source, {
    imageSize,
    fit: "cover",
    background: "white",
    maxPixels: 268e6,
    async preprocess({ data, width, height }: Pixels) {
      decoded++;
      assert.equal(data.length, width * height * 3);
      assert.ok(Math.min(width, height) <= 12 * imageSize, `${width} × ${height} was not reduced`);
      if (width === imageSize && height === imageSize) return data;
      return sharp(data, { raw: { width, height, channels: 3 } })
        .resize(imageSize, imageSize)
        .raw()
        .toBuffer();
    },
    settingsKey: "",
    strict: true,
    cacheDirectory,
  });
  await source.close();
  return { dataset, decoded };
}

const photos = sharedArchive("photos/photos.tar");
describe("photographs", { skip: photos.skip }, () => {
  test("all load, without labels, since their one folder is no class", async () => {
    const { dataset } = await prepare(photos.archive, 32, await temporaryFolder());
    assert.ok(dataset.count > 150, `${dataset.count} photographs`);
    assert.deepEqual(dataset.skipped, []);
    assert.equal(dataset.labels, undefined);
    assert.match(dataset.paths[0], /^photos\/n01494475_hammerhead\.JPEG$/);
    dataset.close();
  });
});

const cifar = sharedArchive("cifar10/test.tar");
describe("10,000 CIFAR images", { skip: cifar.skip }, () => {
  test("load with their labels in flat memory, and at once the second time", async () => {
    const cacheDirectory = await temporaryFolder();
    const before = process.memoryUsage().rss;
    const first = await prepare(cifar.archive, 32, cacheDirectory);
    const grown = (process.memoryUsage().rss - before) / 2 ** 20;
    assert.ok(grown < 400, `${Math.round(grown)} MB more`);
    assert.equal(first.dataset.count, 10_000);
    assert.equal(new Set(first.dataset.labels).size, 10);
    for (const [i, path] of first.dataset.paths.entries()) {
      assert.equal(path.split("/")[1], first.dataset.labels![i]);
    }

    const start = performance.now();
    const second = await prepare(cifar.archive, 32, cacheDirectory);
    const seconds = (performance.now() - start) / 1000;
    assert.equal(second.decoded, 0);
    assert.ok(seconds < 5, `${seconds} s, where decoding takes several times longer`);
    const [a, b] = [first, second].map(({ dataset }) => {
      const pictures = new Uint8Array(100 * 32 * 32 * 3);
      dataset.readBatch(
        Array.from({ length: 100 }, (_, i) => i * 97),
        pictures,
      );
      dataset.close();
      return pictures;
    });
    assert.deepEqual(a, b);
  });
});
