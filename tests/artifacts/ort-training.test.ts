// The official artifacts of ONNX Runtime Training, run by its own TrainingSession, against the portable models on the CPU.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { initialValues } from "../../training/artifacts/initial-state.ts";
import { buildOrtTraining } from "../../training/artifacts/ort-training.ts";
import { buildStage, type StageGraphOptions } from "../../training/artifacts/stage-artifacts.ts";
import type { TrainingState } from "../../training/engines/engine.ts";
import { ThreadEngine } from "../../training/engines/thread-engine.ts";
import { sizeOf } from "../../training/graph/types.ts";
import { learningRateAt, type ScheduleOptions } from "../../training/optimizers/schedule.ts";
import { randomStream } from "../../training/random.ts";
import { readModel } from "../support/onnx-file.ts";
import { tinyStage } from "../support/stage.ts";

const STEPS = 50;
const schedule: ScheduleOptions = {
  schedule: "cosine",
  learningRate: 2e-3,
  warmupSteps: 4.5,
  totalSteps: STEPS,
};

let cpu: ThreadEngine;
let official: ThreadEngine;
before(() => {
  cpu = new ThreadEngine("cpu");
  official = new ThreadEngine("ort-training");
});
after(async () => {
  await cpu.close();
  await official.close();
});

function batch(shape: readonly number[], step: number): Float32Array {
  const random = randomStream("batch", step);
  return Float32Array.from({ length: sizeOf(shape) }, () => random.uniform());
}

/** Runs the same batches on both, from the same weights. */
async function both(options: StageGraphOptions, rates: ScheduleOptions, from = 0, state?: TrainingState) {
  const [portable, theirs] = [buildStage(options), buildOrtTraining(options, rates)];
  const start = state ?? { values: initialValues(portable, 1), step: 0 };
  await cpu.load(portable, start);
  await official.load(theirs, start);
  const losses = [];
  for (let step = from; step < STEPS; step++) {
    const views = () => batch(portable.viewsShape, step);
    const expected = (await cpu.step(views(), learningRateAt(step, rates))).loss;
    losses.push({ step, found: (await official.step(views(), Number.NaN)).loss, expected });
  }
  const evaluated = {
    found: await official.evaluate(batch(portable.viewsShape, STEPS)),
    expected: await cpu.evaluate(batch(portable.viewsShape, STEPS)),
  };
  return { start, losses, evaluated, states: [await official.state(), await cpu.state()] };
}

function assertAgree({ losses, evaluated }: Awaited<ReturnType<typeof both>>): void {
  for (const { found, expected, step } of [...losses, { ...evaluated, step: "evaluation" }]) {
    assert.ok(Math.abs(found / expected - 1) <= 1e-3, `step ${step}: ${found}, not ${expected}`);
  }
  assert.ok(new Set(losses.map(({ expected }) => expected)).size > STEPS / 2, "it moves");
}

describe("losses over 50 steps are those of the CPU", () => {
  for (const optimizer of ["sgd", "adam", "adamw"] as const) {
    test(`with ${optimizer}`, async () => {
      const options = {
        ...tinyStage,
        optimizer: { ...tinyStage.optimizer, optimizer, weightDecay: 0.01, clipValue: 0.05 },
      };
      assertAgree(await both(options, schedule));
    });
  }

  for (const name of ["linear", "constant"] as const) {
    test(`with the ${name} schedule`, async () => {
      assertAgree(await both(tinyStage, { ...schedule, schedule: name, learningRate: 0.02 }));
    });
  }

  test("without warm-up", async () => {
    assertAgree(await both(tinyStage, { ...schedule, warmupSteps: 0, learningRate: 0.02 }));
  });

  test("where only the last layer is trained, and all else stays", async () => {
    const options = { ...tinyStage, trains: (name: string) => name.startsWith("head.2.") };
    const result = await both(options, { ...schedule, learningRate: 0.05 });
    assertAgree(result);
    const [found] = result.states;
    for (const [name, value] of Object.entries(found.values)) {
      if (name.endsWith(".momentum")) continue;
      const moves = name.startsWith("head.2.") || name.includes("running_");
      assert.equal(
        !moves,
        value.every((v, i) => v === result.start.values[name][i]),
        name,
      );
    }
  });

  test("where features are the input, with a temperature that is learned", async () => {
    const options: StageGraphOptions = {
      ...tinyStage,
      input: "features",
      loss: { kernel: "cosine", degreesOfFreedom: 1, temperature: 0.5, learnTemperature: true },
      trains: (name) => name.startsWith("head.") || name.startsWith("loss."),
    };
    assertAgree(await both(options, { ...schedule, learningRate: 0.02 }));
  });

  test("when it goes on from a state in the middle, moments included", async () => {
    for (const optimizer of ["adam", "adamw"] as const) {
      const options = { ...tinyStage, optimizer: { ...tinyStage.optimizer, optimizer } };
      const portable = buildStage(options);
      await cpu.load(portable, { values: initialValues(portable, 1), step: 0 });
      for (let step = 0; step < 20; step++) {
        await cpu.step(batch(portable.viewsShape, step), learningRateAt(step, schedule));
      }
      assertAgree(await both(options, schedule, 20, await cpu.state()));
    }
  });
});

test("weights and running statistics end where they end on the CPU", async () => {
  const { states } = await both(tinyStage, { ...schedule, learningRate: 0.02 });
  const [found, expected] = states;
  assert.equal(found.step, STEPS);
  for (const [name, value] of Object.entries(expected.values)) {
    if (name.endsWith(".momentum")) continue; // the API does not hand them out
    const scale = Math.max(...value.map(Math.abs));
    value.forEach((v, i) => {
      assert.ok(Math.abs(found.values[name][i] - v) <= 1e-3 * scale, `${name} ${i}`);
    });
  }
});

test("a state that lacks a value is refused by its name", async () => {
  const artifacts = buildOrtTraining(tinyStage, schedule);
  const { "head.0.bias": _, ...values } = initialValues(artifacts, 1);
  await assert.rejects(official.load(artifacts, { values, step: 0 }), /lacks head\.0\.bias/);
});

test("the models have the inputs and outputs that the API knows, in its order", () => {
  const artifacts = buildOrtTraining(
    { ...tinyStage, optimizer: { ...tinyStage.optimizer, optimizer: "adamw" } },
    schedule,
  );
  const training = readModel(artifacts.trainingModel);
  for (const name of artifacts.trained) {
    assert.ok(name in training.inputs);
    assert.deepEqual(training.inputs[`${name}_grad.accumulation.buffer`], training.inputs[name]);
    assert.ok(`${name}_grad.accumulation.out` in training.outputs);
  }
  assert.ok("lazy_reset_grad" in training.inputs);
  assert.equal(Object.keys(training.outputs)[0], "loss");
  assert.deepEqual([...training.domains].sort(), ["", "com.microsoft"]);
});
