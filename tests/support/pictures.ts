// Small pictures with something to learn: each class has a colour and a shape of its own.

import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import sharp from "sharp";
import { randomStream } from "../../training/random.ts";

const COLORS = [
  [220, 40, 40],
  [40, 160, 60],
  [40, 80, 220],
  [230, 200, 40],
] as const;

/** A 16 × 16 PNG of class 0 … 3; `index` varies place and brightness. */
export async function classPicture(kind: number, index: number): Promise<Buffer> {
  const random = randomStream("picture", kind, index);
  const size = 16;
  const pixels = Buffer.alloc(size * size * 3, 200 + random.integer(40));
  const [x, y, side] = [random.integer(8), random.integer(8), 5 + random.integer(4)];
  for (let row = y; row < Math.min(size, y + side); row++) {
    for (let column = x; column < Math.min(size, x + side); column++) {
      pixels.set(COLORS[kind], (row * size + column) * 3);
    }
  }
  return await sharp(pixels, { raw: { width: size, height: size, channels: 3 } })
    .png()
    .toBuffer();
}

/** Writes `count` pictures into four class folders; returns their paths, sorted as every output is. */
export async function writeClassFolder(folder: string, count: number): Promise<string[]> {
  const paths: string[] = [];
  for (let i = 0; i < count; i++) {
    const path = `class ${i % 4}/${String(i).padStart(4, "0")}.png`;
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), await classPicture(i % 4, i));
    paths.push(path);
  }
  return paths.sort();
}
