import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { buildEncoder } from "../../training/artifacts/encoder.ts";
import { initialValues } from "../../training/artifacts/initial-state.ts";
import type { Weights } from "../../training/networks/model.ts";
import type { NetworkOptions } from "../../training/networks/network.ts";
import { randomStream } from "../../training/random.ts";
import { FLOAT, readModel, UINT8 } from "../support/onnx-file.ts";
import { runModel } from "../support/session.ts";
import { buildTinyStage, tinyNetwork } from "../support/stage.ts";

/** Weights of a network that has been somewhere: its running statistics are not those of the start. */
function trainedWeights(network: NetworkOptions): Weights {
  const stage = buildTinyStage({ network });
  const random = randomStream("trained");
  const drawn = stage.statistics.map(({ name, shape }) => {
    const next = name.endsWith("running_var") ? () => random.between(0.3, 2) : () => random.normal();
    return [name, Float32Array.from({ length: shape[0] }, next)] as const;
  });
  return initialValues(stage, 2, Object.fromEntries(drawn));
}

function randomImages(count: number, size: number): Uint8Array {
  const random = randomStream("images", size);
  return Uint8Array.from({ length: count * size * size * 3 }, () => random.integer(256));
}

describe("encoder.onnx", () => {
  const model = readModel(buildEncoder(trainedWeights(tinyNetwork), tinyNetwork));

  test("takes any number of images as bytes and gives embedding, features and statistics", () => {
    assert.deepEqual(model.inputs, { images: { elementType: UINT8, shape: ["batch", 8, 8, 3] } });
    assert.deepEqual(model.outputs, {
      embedding: { elementType: FLOAT, shape: ["batch", 2] },
      features: { elementType: FLOAT, shape: ["batch", 32] },
      statistics: { elementType: FLOAT, shape: ["batch", 16] },
    });
  });

  test("has standard operators only, and no BatchNorm", () => {
    assert.deepEqual(model.opsets, { "": 17 });
    assert.deepEqual([...model.domains], [""]);
    assert.ok(!model.operators.has("BatchNormalization"));
  });

  test("sees an image as the evaluation model sees it", async () => {
    const weights = trainedWeights(tinyNetwork);
    const stage = buildTinyStage();
    const images = randomImages(8, 8);
    const planar = Float32Array.from({ length: images.length }, (_, i) => {
      const [image, channel, pixel] = [Math.floor(i / 192), Math.floor(i / 64) % 3, i % 64];
      return images[(image * 64 + pixel) * 3 + channel] / 255;
    });
    const values = [...stage.weights, ...stage.statistics].map(({ name, shape }) => [
      name,
      { shape, data: weights[name] },
    ]);
    const views = { shape: stage.viewsShape, data: planar };
    const evaluated = await runModel(stage.evalModel, { views, ...Object.fromEntries(values) });
    const encoder = buildEncoder(weights, tinyNetwork);
    const encoded = await runModel(encoder, { images: { shape: [8, 8, 8, 3], data: images } });
    const expected = evaluated.embedding.data as Float32Array;
    const largest = Math.max(...expected.map(Math.abs));
    expected.forEach((value, i) => {
      assert.ok(Math.abs(Number(encoded.embedding.data[i]) - value) < 1e-5 * largest, `embedding[${i}]`);
    });
  });
});

describe("one image alone gives what it gives among a hundred, bit for bit", () => {
  const small = { ...tinyNetwork, width: 1, imageSize: 32, hiddenDim: 1024 };
  const resnet18 = { ...small, backbone: "resnet18", width: 0.25 } as const;
  const cases: readonly NetworkOptions[] = [
    small,
    { ...small, projectionHead: "linear" },
    { ...small, imageSize: 28, outDim: 3 },
    resnet18,
    { ...resnet18, projectionHead: "linear", imageSize: 33 },
    { ...resnet18, stem: "imagenet", imageSize: 64, outDim: 128 },
  ];
  for (const options of cases) {
    const { backbone, stem, projectionHead, imageSize, outDim } = options;
    test(`${backbone}, ${stem} stem, ${projectionHead} head, ${imageSize} pixels, ${outDim}-D`, async () => {
      const encoder = buildEncoder(trainedWeights(options), options);
      const session = await InferenceSession.create(encoder, { logSeverityLevel: 3 });
      const size = imageSize * imageSize * 3;
      const images = randomImages(100, imageSize);
      const encode = async (from: number, count: number) => {
        const pixels = images.slice(from * size, (from + count) * size);
        return await session.run({ images: new Tensor("uint8", pixels, [count, imageSize, imageSize, 3]) });
      };
      const all = await encode(0, 100);
      // Alone, and in batches of sizes that matrix kernels split differently.
      for (const [from, count] of [
        [0, 1],
        [1, 1],
        [42, 1],
        [99, 1],
        [3, 2],
        [50, 7],
        [64, 33],
      ]) {
        const some = await encode(from, count);
        for (const name of ["embedding", "features"]) {
          const width = all[name].dims[1];
          const expected = (all[name].data as Float32Array).slice(from * width, (from + count) * width);
          assert.deepEqual(some[name].data, expected, `${name} of ${count} from ${from}`);
        }
      }
      await session.release();
    });
  }
});

test("a missing weight is named", () => {
  const { "head.2.bias": _, ...rest } = trainedWeights(tinyNetwork);
  assert.throws(() => buildEncoder(rest, tinyNetwork), /lack head\.2\.bias/);
});
