// Memory and time of a step of ResNet-18 with a batch of 1024 images, cut into micro-batches of several sizes. Each size
// runs in a process of its own, so that the peak of its memory is its own.
//
//   node --import ./tests/support/typescript.mjs tests/benchmarks/micro-batch.bench.ts [--batch 1024] [--sizes 64,128]
//     [--steps 2] [--json FILE]

import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { initialValues } from "../../training/artifacts/initial-state.ts";
import { buildMicroBatchStage } from "../../training/artifacts/micro-batch.ts";
import { buildStage } from "../../training/artifacts/stage-artifacts.ts";
import { ThreadEngine } from "../../training/engines/thread-engine.ts";
import { median } from "../support/median.ts";
import { paperStage, randomViews } from "../support/stage.ts";

const { values: args } = parseArgs({
  options: {
    batch: { type: "string", default: "1024" },
    sizes: { type: "string", default: "64,128" },
    steps: { type: "string", default: "2" },
    only: { type: "string" },
    json: { type: "string" },
  },
});
const batch = Number(args.batch);

interface Result {
  readonly microBatch: number;
  readonly secondsPerStep: number;
  readonly peakMiB: number;
}

/** @param images in a micro-batch */
async function measure(images: number): Promise<Result> {
  const options = paperStage("resnet18", 2 * batch);
  const artifacts = images < batch ? buildMicroBatchStage(options, images) : buildStage(options);
  const engine = new ThreadEngine();
  await engine.load(artifacts, { values: initialValues(artifacts, 1), step: 0 });
  const seconds: number[] = [];
  for (let step = 0; step <= Number(args.steps); step++) {
    const views = randomViews(options, step);
    const began = performance.now();
    await engine.step(views, 0.01);
    if (step > 0) seconds.push((performance.now() - began) / 1000); // the first makes everything ready
  }
  await engine.close();
  const peakMiB = Math.round(process.resourceUsage().maxRSS / 1024);
  return { microBatch: images, secondsPerStep: median(seconds), peakMiB };
}

if (args.only) {
  console.log(JSON.stringify(await measure(Number(args.only))));
} else {
  const results = args.sizes.split(",").map((size): Result => {
    const again = [...process.execArgv, fileURLToPath(import.meta.url), "--only", size];
    const given = ["--batch", args.batch, "--steps", args.steps];
    const { stdout, stderr, status } = spawnSync(process.execPath, [...again, ...given], {
      encoding: "utf8",
    });
    if (status !== 0) throw new Error(`micro-batches of ${size}: ${stderr}`);
    return JSON.parse(stdout);
  });
  for (const { microBatch, secondsPerStep, peakMiB } of results) {
    const rate = (batch / secondsPerStep).toFixed(1);
    console.log(
      `${batch} images in micro-batches of ${microBatch}: ${rate} images/s, ${peakMiB} MiB at the peak`,
    );
  }
  if (args.json) writeFileSync(args.json, `${JSON.stringify(results)}\n`);
}
