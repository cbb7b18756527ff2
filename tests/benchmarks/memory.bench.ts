// Memory of the data path: one epoch of augmented views of 60,000 pictures, without any network. Pictures stay on
// disk, so the figure should not grow with their number.
//
//   node --import ./tests/support/typescript.mjs tests/benchmarks/memory.bench.ts [--json FILE]

import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { augmentationPolicies } from "../../training/augmentations/policy.ts";
import { epochBatches } from "../../training/dataset/batches.ts";
import { openViewLoader } from "../../training/dataset/loader.ts";
import { randomStream } from "../../training/random.ts";

const COUNT = 60_000;
const SIZE = 32;
const BATCH = 256;
const LIMIT_MIB = 2048;

const { values: args } = parseArgs({ options: { json: { type: "string" } } });
const mebibytes = (bytes: number) => Math.round(bytes / 2 ** 20);

const folder = mkdtempSync(join(tmpdir(), "tsimcne-memory-"));
try {
  const pixelsFile = join(folder, "pixels.raw");
  const file = openSync(pixelsFile, "w");
  const picture = new Uint8Array(SIZE * SIZE * 3);
  for (let i = 0; i < COUNT; i++) writeSync(file, picture.fill(i % 256));
  closeSync(file);

  const before = process.memoryUsage().rss;
  const loader = openViewLoader({
    pixelsFile,
    imageSize: SIZE,
    seed: 1,
    policy: augmentationPolicies.natural,
    fill: [128, 128, 128],
  });
  const batches = epochBatches(COUNT, BATCH, randomStream(1)).map((images) =>
    Uint32Array.of(...images, ...images),
  );
  let views = 0;
  for await (const batch of loader.epoch({ stage: 1, epoch: 0, batches })) {
    views += batch.length / picture.length;
  }
  await loader.close();
  const peak = process.resourceUsage().maxRSS * 1024;
  const result = { pictures: COUNT, views, beforeMiB: mebibytes(before), peakMiB: mebibytes(peak) };
  console.log(
    `${result.views} views of ${COUNT} pictures: ${result.peakMiB} MiB at the peak, ${result.beforeMiB} MiB before`,
  );
  if (args.json) writeFileSync(args.json, `${JSON.stringify(result)}\n`);
  if (result.peakMiB - result.beforeMiB > LIMIT_MIB) throw new Error(`more than ${LIMIT_MIB} MiB`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
