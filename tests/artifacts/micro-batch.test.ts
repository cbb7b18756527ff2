// A batch that is cut into micro-batches has the loss and the gradients of the whole batch.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Tensor } from "onnxruntime-node";
import { initialValues } from "../../training/artifacts/initial-state.ts";
import { buildMicroBatchStage } from "../../training/artifacts/micro-batch.ts";
import {
  buildStage,
  LOG_TEMPERATURE,
  type StageArtifacts,
  type StageGraphOptions,
} from "../../training/artifacts/stage-artifacts.ts";
import { type BatchGradients, type Values, WholeBatch } from "../../training/engines/batch-gradients.ts";
import { openDevice } from "../../training/engines/devices.ts";
import { MicroBatches } from "../../training/engines/micro-batches.ts";
import { featureDim } from "../../training/networks/backbone.ts";
import { randomStream } from "../../training/random.ts";
import { assertClose } from "../support/close.ts";
import { randomViews, tinyNetwork, tinyStage } from "../support/stage.ts";

const runtime = await openDevice("cpu");

/** Four images with a learned temperature, so that the loss has a weight of its own. */
const options: StageGraphOptions = {
  ...tinyStage,
  loss: { ...tinyStage.loss, kernel: "cosine", learnTemperature: true },
};

const wholeOf = async (stage: StageGraphOptions) => {
  const artifacts = buildStage(stage);
  return { artifacts, gradients: await WholeBatch.open(artifacts, runtime) };
};
const cutOf = async (stage: StageGraphOptions, images: number) => {
  const artifacts = buildMicroBatchStage(stage, images);
  return { artifacts, gradients: await MicroBatches.open(artifacts, artifacts.micro!, runtime) };
};

function startOf({ weights, statistics }: StageArtifacts, seed = 1): Values {
  const start = initialValues(buildStage(options), seed);
  return Object.fromEntries(
    [...weights, ...statistics].map(({ name, shape }) => [name, new Tensor("float32", start[name], shape)]),
  );
}

interface Computed {
  artifacts: StageArtifacts;
  gradients: BatchGradients;
}

async function compare(
  whole: Computed,
  cut: Computed,
  views: Float32Array,
  but: (name: string) => boolean = () => false,
): Promise<void> {
  assert.deepEqual(
    cut.artifacts.weights.map(({ name }) => name),
    whole.artifacts.weights.map(({ name }) => name),
  );
  assert.deepEqual(cut.artifacts.trained, whole.artifacts.trained);
  assert.deepEqual(cut.artifacts.viewsShape, whole.artifacts.viewsShape);
  const expected = await whole.gradients.train(views.slice(), startOf(whole.artifacts));
  const found = await cut.gradients.train(views.slice(), startOf(cut.artifacts));
  assert.deepEqual(Object.keys(found).sort(), Object.keys(expected).sort());
  for (const [name, { data }] of Object.entries(expected)) {
    if (!but(name)) assertClose(found[name].data as Float32Array, data as Float32Array, TOLERANCE, name);
  }
  const [a, b] = [
    await whole.gradients.evaluate(views.slice(), startOf(whole.artifacts)),
    await cut.gradients.evaluate(views.slice(), startOf(cut.artifacts)),
  ];
  assert.ok(Math.abs(a - b) < 1e-5, `evaluation ${b}, of the whole batch ${a}`);
  await whole.gradients.close();
  await cut.gradients.close();
}

/** Of the largest value of a tensor. */
const TOLERANCE = 1e-4;

describe("micro-batches", () => {
  test("where nothing is normalised over the batch give the very gradients of it", async () => {
    const head = {
      ...options,
      input: "features",
      trains: (name: string) => !name.startsWith("backbone."),
    } as const;
    const random = randomStream("features");
    const features = 2 * head.batchSize * featureDim(tinyNetwork);
    const views = Float32Array.from({ length: features }, () => random.uniform());
    for (const images of [1, 2]) await compare(await wholeOf(head), await cutOf(head, images), views);
  });

  test("with BatchNorm do so where each has the statistics of the batch", async () => {
    // The second half of the batch are the images of the first once more.
    const { batchSize } = options;
    const pictures = randomViews({ ...options, batchSize: batchSize / 2 }, 3);
    const [first, second] = [
      pictures.subarray(0, pictures.length / 2),
      pictures.subarray(pictures.length / 2),
    ];
    const views = Float32Array.of(...first, ...first, ...second, ...second);
    // Running statistics are averaged once for each micro-batch.
    const averaged = (name: string) => name.endsWith(".next");
    await compare(await wholeOf(options), await cutOf(options, batchSize / 2), views, averaged);
  });

  test("average the running statistics one after the other", async () => {
    const views = randomViews(options, 4);
    const cut = await cutOf(options, 2);
    const half = await wholeOf({ ...options, batchSize: 2 });
    const start = startOf(cut.artifacts);
    const found = await cut.gradients.train(views, start);
    let values = start;
    const picture = views.length / 8;
    for (const i of [0, 2]) {
      const part = Float32Array.of(
        ...views.subarray(i * picture, (i + 2) * picture),
        ...views.subarray((4 + i) * picture, (6 + i) * picture),
      );
      const results = await half.gradients.train(part, values);
      values = {
        ...values,
        ...Object.fromEntries(half.artifacts.statistics.map(({ name }) => [name, results[`${name}.next`]])),
      };
    }
    for (const { name } of cut.artifacts.statistics) {
      assertClose(
        found[`${name}.next`].data as Float32Array,
        values[name].data as Float32Array,
        TOLERANCE,
        name,
      );
    }
    await cut.gradients.close();
    await half.gradients.close();
  });

  test("with BatchNorm of their own have a gradient that is the slope of the loss", async () => {
    const stage: StageGraphOptions = { ...options, loss: tinyStage.loss };
    const cut = await cutOf(stage, 2);
    const views = randomViews(stage, 5);
    const start = startOf(cut.artifacts);
    const random = randomStream("direction");
    const directions = cut.artifacts.trained.map((name) => {
      const direction = Float32Array.from(start[name].data as Float32Array, () => random.uniform() - 0.5);
      return [name, direction] as const;
    });
    const moved = (by: number): Values => ({
      ...start,
      ...Object.fromEntries(
        directions.map(([name, direction]) => {
          const from = start[name].data as Float32Array;
          return [
            name,
            new Tensor(
              "float32",
              from.map((w, i) => w + by * direction[i]),
              start[name].dims,
            ),
          ];
        }),
      ),
    });
    const lossAt = async (by: number) =>
      ((await cut.gradients.train(views.slice(), moved(by))).loss.data as Float32Array)[0];
    const results = await cut.gradients.train(views.slice(), start);
    let slope = 0;
    for (const [name, direction] of directions) {
      direction.forEach((d, i) => {
        slope += d * (results[`${name}.grad`].data as Float32Array)[i];
      });
    }
    const by = 1e-4;
    const measured = ((await lossAt(by)) - (await lossAt(-by))) / (2 * by);
    assert.ok(
      Math.abs(slope - measured) < 0.02 * Math.max(1, Math.abs(measured)),
      `${slope}, not ${measured}`,
    );
    assert.ok(!cut.artifacts.weights.some(({ name }) => name === LOG_TEMPERATURE));
    await cut.gradients.close();
  });

  test("that a batch does not hold a whole number of are refused", () => {
    assert.throws(() => buildMicroBatchStage(options, 3), /no whole number of micro-batches/);
    assert.throws(() => buildMicroBatchStage({ ...options, trains: () => false }, 2), /trains no weight/);
  });
});
