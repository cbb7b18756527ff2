// How large the pictures to be looked at are, by how large the images are.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { ImageEntry } from "../../training/dataset/entries.ts";
import { thumbnailSizeFor } from "../../training/dataset/thumbnail-size.ts";
import { plain, RED } from "../support/images.ts";

const entry = (read: () => Promise<Buffer>): ImageEntry => ({ path: "", label: undefined, stamp: "", read });
const image = (width: number, height: number) => entry(() => plain(RED, width, height).png().toBuffer());
const broken = entry(async () => Buffer.from("no image"));
const gone = entry(() => Promise.reject(new Error("gone")));

/** Many of one kind. */
const many = (count: number, one: ImageEntry) => new Array<ImageEntry>(count).fill(one);

for (const [what, entries, imageSize, expected] of [
  ["large images", [image(640, 480), image(100, 70), image(300, 200)], 32, 96],
  ["images of a middle size", [image(90, 70)], 32, 64],
  ["so many that they would fill five sheets", many(4 * 42 ** 2 + 1, image(640, 480)), 32, 64],
  ["so many that only smaller ones fit", many(4 * 64 ** 2 + 1, image(640, 480)), 32, 48],
  ["images as small as the pictures to learn from", [image(32, 32), image(90, 30)], 32, 32],
  ["pictures to learn from that are as large", [image(640, 480)], 128, 128],
  ["more large images than small ones", [image(20, 20), image(200, 200), image(99, 99)], 32, 96],
  ["files that cannot be used among small ones", [broken, image(20, 20), gone], 32, 32],
  ["no image at all", [], 32, 32],
] as const) {
  test(what, async () => assert.equal(await thumbnailSizeFor(entries, imageSize), expected));
}
