import assert from "node:assert/strict";
import { describe, test } from "node:test";
import onnxProto from "onnx-proto";
import { buildEncoder } from "../../training/artifacts/encoder.ts";
import { initialValues } from "../../training/artifacts/initial-state.ts";
import { deserialize, Graph, gradients, mean, mul, serialize } from "../../training/graph/index.ts";
import { runModel, type Values } from "../support/session.ts";
import { buildTinyStage, randomViews, tinyNetwork, tinyStage } from "../support/stage.ts";

const { onnx } = onnxProto;

/** The model again, after it was read, with the same outputs. */
function rewritten(model: Uint8Array): Uint8Array {
  const { graph, tensors } = deserialize(model);
  for (const { name } of onnx.ModelProto.decode(model).graph!.output!)
    graph.output(`${name}.again`, tensors.get(name!)!);
  return serialize(graph);
}

async function assertSame(model: Uint8Array, inputs: Values): Promise<void> {
  const [before, after] = [await runModel(model, inputs), await runModel(rewritten(model), inputs)];
  assert.ok(Object.keys(before).length > 0);
  for (const [name, value] of Object.entries(before)) assert.deepEqual(after[`${name}.again`], value, name);
}

const stage = buildTinyStage();
const start = initialValues(stage, 1);
const encoder = buildEncoder(start, tinyNetwork);

describe("a model that is read and written again", () => {
  test("computes the same: an encoder", async () => {
    const { imageSize } = tinyNetwork;
    const data = Uint8Array.from({ length: 2 * imageSize ** 2 * 3 }, (_, i) => (i * 37) % 256);
    await assertSame(encoder, { images: { shape: [2, imageSize, imageSize, 3], data } });
  });

  test("computes the same: a training step with all its gradients", async () => {
    const values = [...stage.weights, ...stage.statistics].map(
      ({ name, shape }) => [name, { shape, data: start[name] }] as const,
    );
    const views = { shape: stage.viewsShape, data: randomViews(tinyStage, 1) };
    await assertSame(stage.trainingModel, { views, ...Object.fromEntries(values) });
  });
});

describe("a variable", () => {
  test("becomes an input, with its value handed back, and has a gradient", async () => {
    const { graph, tensors, values } = deserialize(encoder, {
      variables: ["head.2.bias"],
      dims: { batch: 3 },
    });
    assert.deepEqual(values, { "head.2.bias": start["head.2.bias"] });
    const bias = tensors.get("head.2.bias")!;
    assert.ok(graph.inputs.includes(bias));
    const embedding = tensors.get("embedding")!;
    assert.deepEqual(embedding.shape, [3, 2]);
    const [gradient] = gradients(mean(mul(embedding, embedding)), [bias]);
    graph.output("embedding", embedding);
    graph.output("gradient", gradient);
    const { imageSize } = tinyNetwork;
    const found = await runModel(serialize(graph), {
      images: { shape: [3, imageSize, imageSize, 3], data: new Uint8Array(3 * imageSize ** 2 * 3).fill(99) },
      "head.2.bias": { shape: [2], data: Float32Array.of(0.5, -1) },
    });
    // d/db of the mean of e²: Σ over the batch of 2 e / (3 · 2)
    const e = found.embedding.data as Float32Array;
    const expected = [0, 1].map((d) => (2 / 6) * (e[d] + e[2 + d] + e[4 + d]));
    (found.gradient.data as Float32Array).forEach((g, d) => {
      assert.ok(
        Math.abs(g - expected[d]) < 1e-6 * Math.max(1, Math.abs(expected[d])),
        `${g}, ${expected[d]}`,
      );
    });
  });

  test("that the model does not have is refused by its name", () => {
    assert.throws(() => deserialize(encoder, { variables: ["head.9.bias"] }), /no initialiser head\.9\.bias/);
  });
});

describe("what cannot be read is told", () => {
  const model = (graph: object, version = 17) =>
    onnx.ModelProto.encode(
      onnx.ModelProto.fromObject({ irVersion: 8, opsetImport: [{ domain: "", version }], graph }),
    ).finish();
  const input = {
    name: "x",
    type: { tensorType: { elemType: 1, shape: { dim: [{ dimValue: 2 }] } } },
  };
  for (const [what, bytes, reason] of [
    ["other bytes", Buffer.from("no model at all"), /not an ONNX model/],
    ["nothing", Buffer.alloc(0), /not an ONNX model: it has no graph/],
    ["a later operator set", model({ name: "g" }, 25), /operator set 25; this reads up to 18/],
    [
      "an operator that is not in the table",
      model({ name: "g", input: [input], node: [{ opType: "Gelu", input: ["x"], output: ["y"] }] }),
      /operator Gelu is not defined/,
    ],
    [
      "a value that is not there",
      model({ name: "g", input: [input], node: [{ opType: "Relu", input: ["z"], output: ["y"] }] }),
      /Relu: there is no value z/,
    ],
    [
      "an element type",
      model({
        name: "g",
        input: [{ name: "x", type: { tensorType: { elemType: 10, shape: { dim: [] } } } }],
      }),
      /x has element type 10/,
    ],
    [
      "an initialiser that is too short",
      model({ name: "g", initializer: [{ name: "w", dataType: 1, dims: [3], floatData: [1, 2] }] }),
      /w does not fill \[3\]/,
    ],
    [
      "an initialiser in another file",
      model({
        name: "g",
        initializer: [
          { name: "w", dataType: 1, dims: [3], externalData: [{ key: "location", value: "w.bin" }] },
        ],
      }),
      /w is in another file/,
    ],
  ] as const) {
    test(what, () => {
      assert.throws(() => deserialize(bytes), reason);
    });
  }
});

test("constants of every kind come through", () => {
  const graph = new Graph("constants");
  const given = {
    f: graph.initializer("f", "float32", [2], Float32Array.of(1.5, -2)),
    l: graph.initializer("l", "int64", [1], BigInt64Array.of(-5n)),
    i: graph.initializer("i", "int32", [2], Int32Array.of(7, -8)),
    u: graph.initializer("u", "uint8", [3], Uint8Array.of(1, 2, 255)),
  };
  for (const [name, tensor] of Object.entries(given)) graph.output(`${name}.out`, tensor);
  const { tensors } = deserialize(serialize(graph));
  for (const [name, { data, dtype, shape }] of Object.entries(given)) {
    const found = tensors.get(name) as typeof given.f;
    assert.deepEqual({ data: found.data, dtype: found.dtype, shape: found.shape }, { data, dtype, shape });
  }
});
