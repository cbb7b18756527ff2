// A set of larger photographs with something to find in it: pieces of photographs, whose label is the photograph. Even
// pieces of each are to be trained on, odd ones to be placed.
//
//   node --import ./tests/support/typescript.mjs tests/research/photo-crops.ts PHOTOS OUT [--pieces 40] [--side 96] [--gray]
//
// writes OUT/train/PHOTO/N.jpg and OUT/test/PHOTO/N.jpg.

import { mkdirSync } from "node:fs";
import { basename, extname, join } from "node:path";
import { parseArgs } from "node:util";
import sharp from "sharp";
import { openSource } from "../../training/dataset/source.ts";
import { randomStream } from "../../training/random.ts";

const { values: args, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    pieces: { type: "string", default: "40" },
    side: { type: "string", default: "96" },
    gray: { type: "boolean", default: false },
  },
});
const [photos, out] = positionals;
/** Of the short side of a photograph. */
const SMALLEST_SHARE = 0.3;
const LARGEST_SHARE = 0.6;

const source = await openSource([photos]);
for (const entry of source.entries) {
  const bytes = await entry.read();
  const { width, height } = await sharp(bytes).autoOrient().metadata();
  const random = randomStream(1, entry.path);
  const name = basename(entry.path, extname(entry.path));
  for (let i = 0; i < Number(args.pieces); i++) {
    const side = Math.floor(Math.min(width, height) * random.between(SMALLEST_SHARE, LARGEST_SHARE));
    const place = { left: random.integer(width - side + 1), top: random.integer(height - side + 1) };
    const folder = join(out, i % 2 === 0 ? "train" : "test", name);
    mkdirSync(folder, { recursive: true });
    const piece = sharp(bytes)
      .autoOrient()
      .extract({ ...place, width: side, height: side });
    const resized = piece.resize(Number(args.side), Number(args.side));
    await (args.gray ? resized.grayscale() : resized).jpeg({ quality: 95 }).toFile(join(folder, `${i}.jpg`));
  }
}
await source.close();
