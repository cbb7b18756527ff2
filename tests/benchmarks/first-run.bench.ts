// The first run over a data set, which finds, reads, hashes, decodes and resizes all images and stores them, next to
// sharp alone, which decodes the same files into pixels, as many side by side as it has threads for. The sides
// alternate; files are in the memory of the operating system.
//
//   node --import ./tests/support/typescript.mjs tests/benchmarks/first-run.bench.ts [--rounds 3] [--photographs 1000]
//     [--json FILE]

import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import sharp from "sharp";
import { readImages } from "../../cli/read-images.ts";
import { Terminal } from "../../cli/terminal.ts";
import { mapInOrder } from "../../models/in-order.ts";
import { openSource } from "../../training/dataset/source.ts";
import { median } from "../support/median.ts";
import { photograph } from "../support/photograph.ts";

const CIFAR = "../shared/data/cifar10/train.tar";
const PHOTOGRAPHS = "../shared/data/photos/photos.tar";

const { values: args } = parseArgs({
  options: {
    rounds: { type: "string", default: "3" },
    photographs: { type: "string", default: "1000" },
    json: { type: "string" },
  },
});

const folder = mkdtempSync(join(tmpdir(), "tsimcne-first-"));
const cache = join(folder, "cache");
const photographs = join(folder, "photographs");
mkdirSync(photographs);
const scenes = existsSync(PHOTOGRAPHS) ? await jpegsOf(PHOTOGRAPHS) : [await photograph(500, 375)];
for (let i = 0; i < Number(args.photographs); i++) {
  const bytes = scenes[i % scenes.length];
  // A comment of its own makes each another file, which is not found among those decoded already.
  const comment = Buffer.from(String(i).padStart(8, "0"));
  const segment = Buffer.concat([Buffer.from([0xff, 0xfe, 0, comment.length + 2]), comment]);
  const own = Buffer.concat([bytes.subarray(0, 2), segment, bytes.subarray(2)]);
  writeFileSync(join(photographs, `${i}.jpg`), own);
}

async function jpegsOf(location: string): Promise<Buffer[]> {
  const source = await openSource(location);
  const files = await Promise.all(source.entries.map((entry) => entry.read()));
  await source.close();
  return files.filter((bytes) => bytes[0] === 0xff && bytes[1] === 0xd8);
}

/** Seconds. */
async function time(work: () => Promise<void>): Promise<number> {
  const began = performance.now();
  await work();
  return (performance.now() - began) / 1000;
}

async function firstRun(location: string): Promise<void> {
  rmSync(cache, { recursive: true, force: true });
  const options = { imageSize: 32, fit: "cover", strict: true, maxMegapixels: 100, cache } as const;
  await readImages(location, { ...options, background: [255, 255, 255] }, new Terminal(true));
}

async function sharpAlone(location: string): Promise<void> {
  const source = await openSource(location);
  const decode = async (entry: (typeof source.entries)[number]) =>
    sharp(await entry.read())
      .raw()
      .toBuffer();
  for await (const _ of mapInOrder(source.entries, 4 * availableParallelism(), decode));
  await source.close();
}

const results = [];
for (const [name, location] of [
  [`${args.photographs} photographs of about 500 × 375`, photographs],
  ["50,000 JPEG files of 32 × 32 in a tar", CIFAR],
] as const) {
  if (!existsSync(location)) {
    console.log(`${name}: skipped, there is no ${location}`);
    continue;
  }
  const rounds = [];
  for (let round = 0; round < Number(args.rounds); round++) {
    rounds.push({
      ours: await time(() => firstRun(location)),
      alone: await time(() => sharpAlone(location)),
    });
  }
  const ours = median(rounds.map((round) => round.ours));
  const ratio = median(rounds.map((round) => round.ours / round.alone));
  console.log(`${name}: ${ours.toFixed(1)} s, ${ratio.toFixed(2)} × the time of sharp alone`);
  results.push({ name, rounds });
}
rmSync(folder, { recursive: true, force: true });
if (args.json) writeFileSync(args.json, `${JSON.stringify(results)}\n`);
