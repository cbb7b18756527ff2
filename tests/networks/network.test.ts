import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { initialValues } from "../../training/artifacts/initial-state.ts";
import type { StageGraphOptions } from "../../training/artifacts/stage-artifacts.ts";
import { Graph } from "../../training/graph/index.ts";
import { type BackboneName, backbones } from "../../training/networks/backbone.ts";
import { InferenceModel, TrainableModel, type Weights } from "../../training/networks/model.ts";
import { type NetworkOptions, network } from "../../training/networks/network.ts";
import { type HeadKind, lastLayer } from "../../training/networks/projection-head.ts";
import { randomStream } from "../../training/random.ts";
import { infoNceReference } from "../support/info-nce.ts";
import { embeddingReference } from "../support/resnet.ts";
import { runGraph, runModel, type Values } from "../support/session.ts";
import { buildTinyStage, randomViews, tinyNetwork, tinyStage } from "../support/stage.ts";

const names = Object.keys(backbones) as BackboneName[];
const heads: readonly HeadKind[] = ["mlp", "linear"];

describe("loss and slopes of the whole network agree with a plain one in double precision", () => {
  const cases = [...names.map((name) => [name, "cifar"] as const), ["resnet18", "imagenet"] as const];
  for (const [backbone, stem] of cases) {
    test(`${backbone}, ${stem} stem`, async () => {
      const imageSize = stem === "cifar" ? 8 : 32;
      await checkSlopes({
        ...tinyStage,
        network: { ...tinyNetwork, backbone, stem, width: 0.125, imageSize },
        batchSize: 4,
      });
    });
  }
});

/** So small that hardly a ReLU passes its kink; double precision allows it. */
const STEP = 1e-7;

/** The slope of every fifth weight (a convolution's, then a BatchNorm's …) against central differences of the loss. */
async function checkSlopes(options: StageGraphOptions) {
  const stage = buildTinyStage(options);
  const random = randomStream("slopes");
  const values = initialValues(stage, 4);
  const views = { data: randomViews(options, 1), shape: stage.viewsShape };
  const shapes = Object.fromEntries([...stage.weights, ...stage.statistics].map((w) => [w.name, w.shape]));
  const inputs = Object.entries(shapes).map(([name, shape]) => [name, { shape, data: values[name] }]);
  const results = await runModel(stage.trainingModel, { ...Object.fromEntries(inputs), views });

  const lossOf = (changed: string, data: ArrayLike<number>) => {
    const { block, depths, stemStride } = backbones[options.network.backbone];
    const weightOf = (name: string) => ({
      data: name === changed ? data : values[name],
      shape: shapes[name],
    });
    const z = embeddingReference(views, { block, depths, stemStride, stem: options.network.stem, weightOf });
    const half = options.batchSize;
    return infoNceReference(z.slice(0, half), z.slice(half), options.loss, 1).loss;
  };
  const loss = lossOf("", []);
  const error = Math.abs((results.loss.data[0] as number) - loss);
  assert.ok(error < 1e-5, `loss ${results.loss.data[0]}, expected ${loss}`);

  for (const { name } of stage.weights.filter((_, i) => i % 5 === 0)) {
    const slope = results[`${name}.grad`].data as Float32Array;
    const length = Math.hypot(...slope);
    if (name === "head.2.bias") {
      assert.ok(length < 1e-6, "moving all points alike changes no distance");
      continue;
    }
    assert.ok(length > 1e-6, `${name} has a slope`);
    // Along the slope, where it shows best, and aside, to see what it lacks.
    const aside = Array.from(slope, () => random.normal() / Math.sqrt(slope.length));
    const direction = aside.map((v, i) => v + slope[i] / length);
    const moved = (step: number) => Float64Array.from(values[name], (w, i) => w + step * direction[i]);
    const rise = (lossOf(name, moved(STEP)) - lossOf(name, moved(-STEP))) / (2 * STEP);
    const expected = direction.reduce((total, d, i) => total + d * slope[i], 0);
    const error = Math.abs(rise - expected) / length;
    assert.ok(error < 1e-3, `${name}: the loss rises by ${rise}, its slope says ${expected}`);
  }
}

/** A network in evaluation mode or, given its weights, for inference. */
function builtNetwork(options: NetworkOptions, batch: number, weights?: Weights) {
  const graph = new Graph("network");
  const model = weights ? new InferenceModel(graph, weights) : new TrainableModel(graph, "evaluation");
  const images = graph.input("images", "float32", [batch, 3, options.imageSize, options.imageSize]);
  const { features, embedding } = network(model, images, options);
  graph.output("features", features);
  graph.output("embedding", embedding);
  return { graph, model };
}

/** Values of a network that has been somewhere: nothing is 0 or 1. */
function trainedValues(options: NetworkOptions): { values: Weights; inputs: Values } {
  const stage = buildTinyStage({ network: options });
  const random = randomStream("trained", options.backbone);
  const initial = initialValues(stage, 2);
  const values: Record<string, Float32Array> = {};
  for (const { name } of [...stage.weights, ...stage.statistics]) {
    const positive = name.endsWith("running_var");
    values[name] = initial[name].map((v) => (positive ? random.between(0.3, 2) : v + 0.1 * random.normal()));
  }
  const shaped = [...stage.weights, ...stage.statistics].map(({ name, shape }) => [
    name,
    { shape, data: values[name] },
  ]);
  return { values, inputs: Object.fromEntries(shaped) };
}

describe("folding BatchNorm into the convolutions changes nothing", () => {
  for (const backbone of names) {
    for (const projectionHead of heads) {
      test(`${backbone}, ${projectionHead} head`, async () => {
        const options = { ...tinyNetwork, backbone, projectionHead, imageSize: 16 };
        const { values, inputs } = trainedValues(options);
        const shape = [3, 3, 16, 16];
        const random = randomStream("images");
        const images = {
          shape,
          data: Float32Array.from({ length: 3 * 3 * 16 * 16 }, () => random.uniform()),
        };
        const evaluated = await runGraph(builtNetwork(options, 3).graph, { ...inputs, images });
        const folded = await runGraph(builtNetwork(options, 3, values).graph, { images });
        for (const name of ["features", "embedding"]) {
          const expected = evaluated[name].data as Float32Array;
          const largest = Math.max(...expected.map(Math.abs));
          assert.ok(largest > 0.01, `${name} is not zero`);
          expected.forEach((value, i) => {
            const error = Math.abs((folded[name].data as Float32Array)[i] - value) / largest;
            assert.ok(error < 1e-5, `${name}[${i}] is off by ${error}`);
          });
        }
      });
    }
  }
});

describe("the projection head", () => {
  const shapesOf = (projectionHead: HeadKind, hiddenLayers = 1) => {
    const { model } = builtNetwork(
      { ...tinyNetwork, projectionHead, hiddenLayers, hiddenDim: 20, outDim: 3 },
      2,
    );
    const { parameters } = model as TrainableModel;
    return parameters
      .filter(({ weight }) => weight.name.startsWith("head."))
      .map(({ weight }) => [weight.name, weight.shape]);
  };

  test("mlp: one hidden layer", () => {
    const expected = [
      ["head.0.weight", [20, 32]],
      ["head.0.bias", [20]],
      ["head.2.weight", [3, 20]],
      ["head.2.bias", [3]],
    ];
    assert.deepEqual(shapesOf("mlp"), expected);
  });

  test("mlp: as many hidden layers as are asked for", () => {
    const weights = shapesOf("mlp", 3).filter(([name]) => String(name).endsWith("weight"));
    const expected = [
      ["head.0.weight", [20, 32]],
      ["head.2.weight", [20, 20]],
      ["head.4.weight", [20, 20]],
      ["head.6.weight", [3, 20]],
    ];
    assert.deepEqual(weights, expected);
  });

  test("linear: a single layer", () => {
    const expected = [
      ["head.0.weight", [3, 32]],
      ["head.0.bias", [3]],
    ];
    assert.deepEqual(shapesOf("linear"), expected);
  });

  test("the last layer is the one that gives the embedding", () => {
    for (const projectionHead of heads) {
      for (const hiddenLayers of [1, 2, 3]) {
        const [name, shape] = shapesOf(projectionHead, hiddenLayers).at(-2)!;
        assert.equal(name, `${lastLayer({ projectionHead, hiddenLayers })}.weight`);
        assert.equal((shape as number[])[0], 3);
      }
    }
  });
});

describe("bad weights", () => {
  const { values } = trainedValues(tinyNetwork);

  test("a missing weight is named", () => {
    const { "backbone.layer2.0.bn1.running_var": _, ...rest } = values;
    assert.throws(() => builtNetwork(tinyNetwork, 1, rest), /lack backbone\.layer2\.0\.bn1\.running_var/);
  });

  test("a weight of the wrong size is named", () => {
    const wrong = { ...values, "head.2.weight": new Float32Array(5) };
    assert.throws(() => builtNetwork(tinyNetwork, 1, wrong), /head\.2\.weight: 5 values do not fill/);
  });
});
