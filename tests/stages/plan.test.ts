import assert from "node:assert/strict";
import { test } from "node:test";
import { parseLog, recordsUntil } from "../../training/stages/log.ts";
import { planStage } from "../../training/stages/plan.ts";
import { presets } from "../../training/stages/presets.ts";
import { peakLearningRate } from "../../training/stages/settings.ts";

const [stage] = presets.paper.stages;

test("epochs may be fractional; a stage has at least one step, or none if it has no epochs", () => {
  const steps = (epochs: number, images: number) =>
    planStage({ ...stage, epochs, warmupEpochs: 0 }, images, 10).totalSteps;
  assert.equal(steps(3, 100), 30);
  assert.equal(steps(2.5, 100), 25);
  assert.equal(steps(0.001, 100), 1);
  assert.equal(steps(0, 100), 0);
  assert.equal(steps(3, 19), 3, "what does not fill a batch is left out");
});

test("warm-up is given in epochs, the learning rate for a batch of 256", () => {
  assert.equal(planStage({ ...stage, warmupEpochs: 1.5 }, 100, 10).warmupSteps, 15);
  assert.equal(peakLearningRate({ ...stage, learningRate: 0.03 }, 512), 0.06);
});

test("the preset paper has the paper's numbers", () => {
  const { batchSize, network, stages } = presets.paper;
  assert.deepEqual([batchSize, network.backbone, network.hiddenDim], [1024, "resnet18", 1024]);
  assert.deepEqual(
    stages.map(({ epochs, outDim, trains, learningRate, warmupEpochs }) => ({
      epochs,
      outDim,
      trains,
      learningRate,
      warmupEpochs,
    })),
    [
      { epochs: 1000, outDim: 128, trains: "everything", learningRate: 0.03, warmupEpochs: 10 },
      { epochs: 50, outDim: 2, trains: "last-layer", learningRate: 0.03, warmupEpochs: 0 },
      { epochs: 450, outDim: 2, trains: "everything", learningRate: 0.03 / 1000, warmupEpochs: 10 },
    ],
  );
});

test("a log whose last line was cut off is read up to there, and cut back to a checkpoint", () => {
  const record = (stage: number, step: number) => ({
    stage,
    step,
    epoch: step / 10,
    loss: 1,
    alignment: 0,
    uniformity: 1,
    learningRate: 0.1,
    imagesPerSecond: 5,
    seconds: 1,
  });
  const records = [record(1, 5), record(1, 10), record(2, 5), record(2, 10)];
  const text = `${records.map((r) => JSON.stringify(r)).join("\n")}\n{"stage":2,"st`;
  assert.deepEqual(parseLog(text), records);
  assert.deepEqual(recordsUntil(records, 2, 5), records.slice(0, 3));
  assert.deepEqual(recordsUntil(records, 1, 9), records.slice(0, 1));
});
