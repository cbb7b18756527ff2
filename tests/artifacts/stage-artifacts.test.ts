import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { initialValues } from "../../training/artifacts/initial-state.ts";
import {
  LOG_TEMPERATURE,
  type StageGraphOptions,
  type StageModels,
} from "../../training/artifacts/stage-artifacts.ts";
import { lastLayer } from "../../training/networks/projection-head.ts";
import { optimizerNames } from "../../training/optimizers/optimizer.ts";
import { assertClose, lengthOf } from "../support/close.ts";
import { FLOAT, readModel } from "../support/onnx-file.ts";
import { runModel, type Values } from "../support/session.ts";
import { buildTinyStage, randomViews, tinyNetwork, tinyStage } from "../support/stage.ts";

const onlyLastLayer = (name: string) => name.startsWith(lastLayer(tinyNetwork));

describe("the models of a stage", () => {
  const stage = buildTinyStage();
  const training = readModel(stage.trainingModel);
  const evaluation = readModel(stage.evalModel);
  const optimizer = readModel(stage.optimizerModel);
  const shapesOf = (values: readonly { name: string; shape: readonly number[] }[], suffix = "") =>
    values.map(({ name, shape }) => [`${name}${suffix}`, { elementType: FLOAT, shape: [...shape] }]);
  const scalar = { elementType: FLOAT, shape: [] };

  test("the training model takes views, weights and statistics, and gives slopes and the next statistics", () => {
    assert.deepEqual(stage.viewsShape, [8, 3, 8, 8]);
    const views = { elementType: FLOAT, shape: [8, 3, 8, 8] };
    const values = [...shapesOf(stage.weights), ...shapesOf(stage.statistics)];
    assert.deepEqual(training.inputs, { views, ...Object.fromEntries(values) });
    assert.deepEqual(training.outputs, {
      loss: scalar,
      alignment: scalar,
      uniformity: scalar,
      ...Object.fromEntries(shapesOf(stage.weights, ".grad")),
      ...Object.fromEntries(shapesOf(stage.statistics, ".next")),
    });
  });

  test("the evaluation model takes the same and gives loss and embedding", () => {
    assert.deepEqual(evaluation.inputs, training.inputs);
    const embedding = { elementType: FLOAT, shape: [8, 2] };
    assert.deepEqual(evaluation.outputs, { loss: scalar, embedding });
  });

  test("the optimizer model takes weights, slopes and moments and gives the next ones", () => {
    for (const name of optimizerNames) {
      const built = buildTinyStage({ optimizer: { ...tinyStage.optimizer, optimizer: name } });
      const { inputs, outputs } = readModel(built.optimizerModel);
      const moments = built.moments.flatMap((moment) => shapesOf(built.weights, `.${moment}`));
      const next = built.moments.flatMap((moment) => shapesOf(built.weights, `.${moment}.next`));
      const weights = shapesOf(built.weights);
      assert.deepEqual(inputs, {
        learning_rate: scalar,
        step: scalar,
        ...Object.fromEntries([...weights, ...shapesOf(built.weights, ".grad"), ...moments]),
      });
      assert.deepEqual(outputs, Object.fromEntries([...shapesOf(built.weights, ".next"), ...next]));
    }
  });

  test("all are written in standard operators of opset 17", () => {
    for (const model of [training, evaluation, optimizer]) {
      assert.deepEqual(model.opsets, { "": 17 });
      assert.deepEqual([...model.domains], [""]);
    }
  });

  test("no weight is stored in a model: all come in", () => {
    for (const model of [training, evaluation, optimizer]) {
      for (const { name } of [...stage.weights, ...stage.statistics]) {
        assert.ok(!model.initializers.includes(name), name);
      }
    }
  });
});

test("building a stage twice gives the same bytes", () => {
  const [one, two] = [buildTinyStage(), buildTinyStage()];
  for (const model of ["trainingModel", "evalModel", "optimizerModel"] as const) {
    assert.deepEqual(one[model], two[model], model);
  }
});

describe("with pictures innermost, loss, slopes and statistics are the same", () => {
  const narrow = { ...tinyNetwork, width: 0.125 };
  const networks = {
    "small network, 13 pixels": { ...narrow, imageSize: 13 },
    "ResNet-18, 32 pixels": { ...narrow, backbone: "resnet18", imageSize: 32 },
    "ResNet-18, stem for large images, 64 pixels": {
      ...narrow,
      backbone: "resnet18",
      stem: "imagenet",
      imageSize: 64,
    },
    "ResNet-50, 16 pixels": { ...narrow, backbone: "resnet50", imageSize: 16 },
  } as const;
  for (const [name, network] of Object.entries(networks)) {
    test(name, async () => {
      const options = { ...tinyStage, network, batchSize: 16 };
      const [usual, innermost] = [
        buildTinyStage(options),
        buildTinyStage({ ...options, layout: "pictures-innermost" }),
      ];
      const names = (stage: StageModels) => stage.weights.map(({ name }) => name);
      assert.deepEqual(names(innermost), names(usual));
      const start = initialValues(usual, 1);
      const inputs = {
        views: { shape: usual.viewsShape, data: randomViews(options, 1) },
        ...Object.fromEntries(
          [...usual.weights, ...usual.statistics].map(({ name, shape }) => [
            name,
            { shape, data: start[name] },
          ]),
        ),
      };
      const [expected, found] = await Promise.all(
        [usual, innermost].map(({ trainingModel }) => runModel(trainingModel, inputs)),
      );
      assert.deepEqual(Object.keys(found), Object.keys(expected));
      const slopes = Object.keys(expected).filter((output) => output.endsWith(".grad"));
      for (const [output, { shape, data }] of Object.entries(expected)) {
        assert.deepEqual(found[output].shape, shape);
        if (slopes.includes(output)) continue;
        assertClose(found[output].data as Float32Array, data as Float32Array, 1e-4, output);
      }
      // Rounding takes single values over the kink of ReLU, which changes a slope by more than itself; the first
      // decimals hold all the same. Each operator's own slopes are tested elsewhere.
      const all = (values: Values) => slopes.flatMap((output) => [...(values[output].data as Float32Array)]);
      const [ours, usuals] = [all(found), all(expected)];
      const off = lengthOf(ours.map((value, i) => value - usuals[i])) / lengthOf(usuals);
      assert.ok(off < 0.05, `the slopes are off by ${off} of their length`);
      assert.ok(
        !readModel(innermost.trainingModel).operators.has("ConvTranspose"),
        "it is another formulation",
      );
    });
  }
});

/** Trains in a plain loop over the models, on one batch. */
async function train(options: StageGraphOptions, steps: number, rate: number) {
  const stage = buildTinyStage(options);
  const views = new Tensor("float32", randomViews(options, 1), stage.viewsShape);
  const open = (model: Uint8Array) => InferenceSession.create(model, { logSeverityLevel: 3 });
  const training = await open(stage.trainingModel);
  const optimizer = await open(stage.optimizerModel);
  const start = initialValues(stage, 1);
  const values = tensors(stage, start);
  const losses: number[] = [];
  for (let step = 1; step <= steps; step++) {
    const results = await training.run({ views, ...pick(values, [...stage.weights, ...stage.statistics]) });
    losses.push((results.loss.data as Float32Array)[0]);
    const feeds: Record<string, Tensor> = {
      learning_rate: new Tensor("float32", Float32Array.of(rate), []),
      step: new Tensor("float32", Float32Array.of(step), []),
    };
    for (const name of optimizer.inputNames) feeds[name] ??= results[name] ?? values[name];
    const next = { ...results, ...(await optimizer.run(feeds)) };
    for (const [name, value] of Object.entries(next)) {
      if (name.endsWith(".next")) values[name.slice(0, -".next".length)] = value;
    }
  }
  await training.release();
  await optimizer.release();
  return { stage, losses, start, values };
}

function tensors(stage: StageModels, values: Readonly<Record<string, Float32Array>>): Record<string, Tensor> {
  const shapes = new Map([...stage.weights, ...stage.statistics].map(({ name, shape }) => [name, shape]));
  const shapeOf = (name: string) => shapes.get(name) ?? shapes.get(name.slice(0, name.lastIndexOf(".")))!;
  return Object.fromEntries(
    Object.entries(values).map(([name, v]) => [name, new Tensor("float32", v, shapeOf(name))]),
  );
}

function pick(values: Record<string, Tensor>, named: readonly { name: string }[]): Record<string, Tensor> {
  return Object.fromEntries(named.map(({ name }) => [name, values[name]]));
}

describe("a plain loop over training and optimizer model", () => {
  for (const [optimizer, rate] of [
    ["sgd", 0.02],
    ["adam", 0.003],
    ["adamw", 0.003],
  ] as const) {
    test(`lowers the loss with ${optimizer}`, async () => {
      const options = { ...tinyStage, optimizer: { ...tinyStage.optimizer, optimizer } };
      const { losses } = await train(options, 30, rate);
      const [first, last] = [losses[0], losses.at(-1)!];
      // Random noise seen twice: the positives never meet, but they can all be drawn apart from the others.
      assert.ok(last < first - 0.3, `from ${first} to ${last}`);
    });
  }

  test("learns the temperature where asked to", async () => {
    const loss = { ...tinyStage.loss, kernel: "cosine", learnTemperature: true } as const;
    const { stage, start, values } = await train({ ...tinyStage, loss }, 5, 0.05);
    assert.ok(stage.trained.includes(LOG_TEMPERATURE));
    assert.ok(Math.abs(start[LOG_TEMPERATURE][0] - Math.log(loss.temperature)) < 1e-6);
    assert.notEqual((values[LOG_TEMPERATURE].data as Float32Array)[0], start[LOG_TEMPERATURE][0]);
  });

  test("a fixed temperature is not a weight, nor is one that the kernel lacks", () => {
    const cosine = { ...tinyStage.loss, kernel: "cosine" } as const;
    for (const loss of [cosine, { ...tinyStage.loss, learnTemperature: true }]) {
      assert.ok(!buildTinyStage({ loss }).weights.some(({ name }) => name === LOG_TEMPERATURE));
    }
  });
});

describe("a stage that trains only the last layer", () => {
  const options = { ...tinyStage, trains: onlyLastLayer };

  test("computes and takes slopes of that layer alone", () => {
    const stage = buildTinyStage(options);
    assert.deepEqual(stage.trained, ["head.2.weight", "head.2.bias"]);
    const slopes = Object.keys(readModel(stage.trainingModel).outputs).filter((name) =>
      name.endsWith(".grad"),
    );
    assert.deepEqual(slopes, ["head.2.weight.grad", "head.2.bias.grad"]);
    const convolutions = readModel(stage.trainingModel).nodes.filter(
      ({ opType }) => opType === "Conv",
    ).length;
    const forward = readModel(stage.evalModel).nodes.filter(({ opType }) => opType === "Conv").length;
    assert.equal(convolutions, forward, "nothing runs backwards through the backbone");
  });

  test("leaves the others as they were, while BatchNorm goes on averaging", async () => {
    const { stage, start, values, losses } = await train(options, 5, 0.05);
    assert.ok(losses.at(-1)! < losses[0]);
    for (const { name } of stage.weights) {
      const same = Buffer.compare(bytes(values[name].data as Float32Array), bytes(start[name])) === 0;
      assert.equal(same, !onlyLastLayer(name), name);
    }
    for (const { name } of stage.statistics) {
      assert.notDeepEqual(values[name].data, start[name], name);
    }
  });
});

const bytes = (x: Float32Array) => Buffer.from(x.buffer, x.byteOffset, x.byteLength);

test("the running statistics approach the batch's as PyTorch's do", async () => {
  const { stage, values } = await train({ ...tinyStage, trains: onlyLastLayer }, 60, 0);
  // The weights never move and the batch is the same: 0.9^60 of the start is left.
  const inputs = Object.fromEntries(
    [...stage.weights, ...stage.statistics].map(({ name, shape }) => [
      name,
      { shape, data: values[name].data as Float32Array },
    ]),
  );
  const views = { shape: stage.viewsShape, data: randomViews(tinyStage, 1) };
  const next = await runModel(stage.trainingModel, { ...inputs, views });
  for (const { name } of stage.statistics) {
    const [now, then] = [next[`${name}.next`].data, inputs[name].data] as Float32Array[];
    now.forEach((value, i) => {
      const error = Math.abs(value - then[i]) / Math.max(1, Math.abs(value));
      assert.ok(error < 1e-3, `${name}[${i}] still moves by ${error}`);
    });
  }
  // So the evaluation model normalises nearly as training does, but for the unbiased variance.
  const evaluated = await runModel(stage.evalModel, { ...inputs, views });
  const [loss, expected] = [evaluated.loss.data[0], next.loss.data[0]].map(Number);
  assert.ok(Math.abs(loss - expected) < 0.1, `evaluation ${loss}, training ${expected}`);
});

test("a stage that trains nothing is refused", () => {
  assert.throws(() => buildTinyStage({ trains: () => false }), /trains no weight/);
});
