// What every engine must do, wherever it runs: gradients, 20 steps as on the CPU, placing images.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { InferenceSession } from "onnxruntime-common";
import type { Runtime } from "../../models/runtime.ts";
import { buildEncoder } from "../../training/artifacts/encoder.ts";
import { initialValues } from "../../training/artifacts/initial-state.ts";
import { buildMicroBatchStage } from "../../training/artifacts/micro-batch.ts";
import { buildOrtTraining } from "../../training/artifacts/ort-training.ts";
import { buildStage } from "../../training/artifacts/stage-artifacts.ts";
import type { Engine } from "../../training/engines/engine.ts";
import { ThreadEngine } from "../../training/engines/thread-engine.ts";
import { keepPrograms } from "../../training/engines/trial-session.ts";
import type { LayoutName } from "../../training/networks/layout.ts";
import type { OptimizerName } from "../../training/optimizers/optimizer.ts";
import { learningRateAt, type ScheduleOptions } from "../../training/optimizers/schedule.ts";
import { randomStream } from "../../training/random.ts";
import { assertClose } from "./close.ts";
import { type OperatorGradientsOptions, operatorGradients } from "./operator-gradients.ts";
import { randomViews, tinyNetwork, tinyStage } from "./stage.ts";

const STEPS = 20;
const SCHEDULE: ScheduleOptions = {
  schedule: "cosine",
  learningRate: 0.01,
  warmupSteps: 3,
  totalSteps: STEPS,
};

const NOT_GIVEN = "models for a card have none; in software it takes half a minute";

/** What WebGPU cannot do or is never given, by the names of the tests. */
export const WEBGPU_LACKS = {
  "pictures innermost, few input channels": NOT_GIVEN,
  "pictures innermost, many input channels": NOT_GIVEN,
  "maxPool with overlapping windows": "ONNX Runtime's MaxPool has no Indices on WebGPU",
};

export interface ConformanceOptions extends OperatorGradientsOptions {
  /** Optimizers that are tried. */
  readonly optimizers: readonly OptimizerName[];
  /** Whether batches are cut, too. */
  readonly microBatches: boolean;
}

/** Declares the tests. @param open a new engine on the runtime */
export function conformance(runtime: Runtime, open: () => Engine, options: ConformanceOptions): void {
  // In software it is compiling that takes the time.
  let programs: InferenceSession | undefined;
  before(async () => {
    programs = await keepPrograms(runtime);
  });
  after(() => programs?.release());

  operatorGradients(runtime, options);
  for (const optimizer of options.optimizers) {
    test(`${STEPS} steps with ${optimizer} go where they go on the CPU`, async (t) => {
      const engine = open();
      if (engine.flavour === "ort-training" && optimizer === "muon") {
        await engine.close();
        return t.skip("ONNX Runtime Training has no Muon");
      }
      const [here, cpu] = [await run(engine, optimizer), await run(new ThreadEngine(), optimizer)];
      assertClose(here.losses, cpu.losses, 1e-3, "loss");
      assertClose([here.evaluated], [cpu.evaluated], 1e-3, "evaluation");
      for (const name of ["embedding", "features", "statistics"] as const) {
        assertClose(here.encoded[name], cpu.encoded[name], 1e-4, name);
      }
      assert.equal(here.state.step, STEPS);
      assert.ok(cpu.losses[0] !== cpu.losses[STEPS - 1], "it has moved");
    });
  }
  test(`${STEPS} steps of the models for a processor go where they go on the CPU`, async (t) => {
    const engine = open();
    if (engine.flavour !== "processor") {
      await engine.close();
      return t.skip("is given other models");
    }
    const layout = "pictures-innermost";
    const [here, cpu] = [
      await run(engine, "sgd", { layout }),
      await run(new ThreadEngine(), "sgd", { layout }),
    ];
    assertClose(here.losses, cpu.losses, 1e-3, "loss");
    assertClose([here.evaluated], [cpu.evaluated], 1e-3, "evaluation");
  });
  if (!options.microBatches) return;
  test(`${STEPS} steps in micro-batches go where they go on the CPU`, async (t) => {
    const engine = open();
    if (engine.flavour === "ort-training") {
      await engine.close();
      return t.skip("ONNX Runtime Training has no micro-batches");
    }
    const [here, cpu] = [
      await run(engine, "sgd", { microBatch: 2 }),
      await run(new ThreadEngine(), "sgd", { microBatch: 2 }),
    ];
    assertClose(here.losses, cpu.losses, 1e-3, "loss");
    assertClose([here.evaluated], [cpu.evaluated], 1e-3, "evaluation");
    for (const [name, values] of Object.entries(cpu.state.values)) {
      assertClose(here.state.values[name], values, 1e-2, name);
    }
  });
}

/** Losses and state of a run of a small network, and what its encoder makes of some images. */
async function run(
  engine: Engine,
  optimizer: OptimizerName,
  { microBatch, layout }: { microBatch?: number; layout?: LayoutName } = {},
) {
  const options = { ...tinyStage, layout, optimizer: { ...tinyStage.optimizer, optimizer } };
  const portable = () => (microBatch ? buildMicroBatchStage(options, microBatch) : buildStage(options));
  const artifacts = engine.flavour === "ort-training" ? buildOrtTraining(options, SCHEDULE) : portable();
  await engine.load(artifacts, { values: initialValues(artifacts, 1), step: 0 });
  const losses: number[] = [];
  for (let i = 0; i < STEPS; i++) {
    losses.push((await engine.step(randomViews(tinyStage, i), learningRateAt(i, SCHEDULE))).loss);
  }
  const evaluated = await engine.evaluate(randomViews(tinyStage, STEPS));
  const state = await engine.state();
  await engine.loadEncoder(buildEncoder(initialValues(artifacts, 1), tinyNetwork));
  const random = randomStream("images");
  const pictures = Uint8Array.from({ length: 5 * 3 * tinyNetwork.imageSize ** 2 }, () => random.integer(256));
  const encoded = await engine.encode(pictures, 5);
  await engine.close();
  return { losses, evaluated, state, encoded };
}
