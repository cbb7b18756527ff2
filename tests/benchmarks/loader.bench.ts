// Training on augmented views of real files next to the same steps on views in memory: what drawing, reading and
// rendering the views take away from the step. Blocks of steps alternate; the figures are medians.
//
//   node --import ./tests/support/typescript.mjs tests/benchmarks/loader.bench.ts [--steps 20] [--rounds 5]
//     [--json FILE]

import { existsSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { readImages } from "../../cli/read-images.ts";
import { Terminal } from "../../cli/terminal.ts";
import { initialValues } from "../../training/artifacts/initial-state.ts";
import { buildStage } from "../../training/artifacts/stage-artifacts.ts";
import { augmentationPolicies } from "../../training/augmentations/policy.ts";
import { ThreadEngine } from "../../training/engines/thread-engine.ts";
import { permutation, randomStream } from "../../training/random.ts";
import { median } from "../support/median.ts";
import { paperStage } from "../support/stage.ts";

const SOURCE = "../shared/data/cifar10/train.tar";
const BATCH = 256;

const { values: args } = parseArgs({
  options: {
    steps: { type: "string", default: "20" },
    rounds: { type: "string", default: "5" },
    json: { type: "string" },
  },
});
if (!existsSync(SOURCE)) {
  console.log(`skipped: there is no ${SOURCE}`);
  process.exit(0);
}
const steps = Number(args.steps);
const reading = { imageSize: 32, fit: "cover", background: [255, 255, 255], strict: true } as const;
const dataset = await readImages(SOURCE, { ...reading, maxMegapixels: 1 }, new Terminal(true));
const artifacts = buildStage(paperStage("small", 2 * BATCH));
const engine = new ThreadEngine();
await engine.load(artifacts, { values: initialValues(artifacts, 1), step: 0 });
const loader = dataset.openViews({ seed: 1, policy: augmentationPolicies.natural });

/** Images a second over a block of steps, the first left out: it waits for the first batch. */
async function pace(batches: AsyncIterable<Float32Array>): Promise<number> {
  let began = 0;
  for await (const views of batches) {
    await engine.step(views, 0.001);
    if (began === 0) began = performance.now();
  }
  return (1000 * steps * BATCH) / (performance.now() - began);
}

/** So many pairs of views of images drawn at random. */
function augmented(epoch: number): AsyncIterable<Float32Array> {
  const rows = permutation(dataset.count, randomStream(epoch));
  const batches = Array.from({ length: steps + 1 }, (_, i) => {
    const images = rows.slice(i * BATCH, (i + 1) * BATCH);
    return Uint32Array.of(...images, ...images);
  });
  return loader.epoch({ stage: 1, epoch, batches });
}

/** The same views again and again. */
async function* inMemory(views: Float32Array) {
  for (let i = 0; i <= steps; i++) yield views.slice(); // the engine takes it over
}

let some = new Float32Array();
for await (const views of augmented(0)) some = views as typeof some;
const rounds = [];
for (let round = 0; round < Number(args.rounds); round++) {
  rounds.push({ step: await pace(inMemory(some)), whole: await pace(augmented(round + 1)) });
}
const [step, whole] = [median(rounds.map((r) => r.step)), median(rounds.map((r) => r.whole))];
const share = median(rounds.map((r) => r.whole / r.step));
console.log(
  `images/s: views in memory ${Math.round(step)}, augmented views of files ${Math.round(whole)}: ${(100 * share).toFixed(1)} %`,
);
await loader.close();
await engine.close();
dataset.close();
if (args.json) writeFileSync(args.json, `${JSON.stringify(rounds)}\n`);
