import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as g from "../../training/graph/index.ts";
import { readModel } from "../support/onnx-file.ts";
import { runGraph } from "../support/session.ts";

const row = (...data: number[]) => ({ shape: [data.length], data: Float32Array.from(data) });

describe("what is written", () => {
  test("nodes and constants that no output needs are left out, inputs stay", () => {
    const graph = new g.Graph("partial");
    const x = graph.input("x", "float32", [2]);
    graph.input("unused", "float32", [3]);
    graph.initializer("needless", "float32", [2], Float32Array.of(1, 2));
    g.exp(g.scale(x, 7));
    graph.output("y", g.shift(x, 1));
    const model = readModel(g.serialize(graph));
    assert.deepEqual(Object.keys(model.inputs), ["x", "unused"]);
    assert.equal(model.initializers.length, 1);
    assert.deepEqual([...model.operators], ["Add"]);
  });

  test("a dimension that is only known at run time keeps its name", () => {
    const graph = new g.Graph("named");
    graph.output("y", g.relu(graph.input("x", "float32", ["batch", 3])));
    const { inputs, outputs } = readModel(g.serialize(graph));
    assert.deepEqual(inputs.x.shape, ["batch", 3]);
    assert.deepEqual(outputs.y.shape, ["batch", 3]);
  });

  test("a graph of standard operators asks for the standard operator set only", () => {
    const graph = new g.Graph("standard");
    graph.output("y", g.neg(graph.input("x", "float32", [2])));
    assert.deepEqual(readModel(g.serialize(graph)).opsets, { "": g.OPSET });
  });
});

describe("outputs", () => {
  test("may be an input, a constant, a value between, or the same value twice", async () => {
    const graph = new g.Graph("outputs");
    const x = graph.input("x", "float32", [2]);
    const between = g.scale(x, 2);
    const last = g.shift(between, 1);
    graph.output("input", x);
    graph.output("constant", graph.constant("float32", [1], Float32Array.of(9)));
    graph.output("between", between);
    graph.output("last", last);
    graph.output("again", last);
    const results = await runGraph(graph, { x: row(3, 4) });
    const expected = { input: [3, 4], constant: [9], between: [6, 8], last: [7, 9], again: [7, 9] };
    for (const [name, values] of Object.entries(expected)) {
      assert.deepEqual([...results[name].data], values, name);
    }
  });
});

describe("constants", () => {
  test("equal small ones are stored once, whatever asked for them", () => {
    const graph = new g.Graph("shared");
    const x = graph.input("x", "float32", [2]);
    graph.output("y", g.shift(g.scale(g.shift(x, 3), 3), 3));
    assert.equal(readModel(g.serialize(graph)).initializers.length, 1);
  });

  test("equal numbers of another type or shape are not mixed up", async () => {
    const graph = new g.Graph("distinct");
    const x = graph.input("x", "float32", [2]);
    graph.output("sum", g.reduceSum(g.scale(x, 0), [0]));
    graph.output("wide", g.add(graph.constant("float32", [1], Float32Array.of(0)), x));
    const results = await runGraph(graph, { x: row(3, 4) });
    assert.deepEqual(results.sum.shape, []);
    assert.deepEqual([...results.wide.data], [3, 4]);
  });

  test("a part of a larger array is written as that part", async () => {
    const graph = new g.Graph("part");
    const held = Float32Array.of(1, 2, 3, 4, 5).subarray(1, 3);
    graph.output(
      "y",
      g.add(graph.input("x", "float32", [2]), graph.initializer("part", "float32", [2], held)),
    );
    const { y } = await runGraph(graph, { x: row(10, 20) });
    assert.deepEqual([...y.data], [12, 23]);
  });

  test("must fill their shape", () => {
    const graph = new g.Graph("short");
    assert.throws(
      () => graph.initializer("w", "float32", [2, 3], new Float32Array(5)),
      /w: 5 values do not fill/,
    );
  });
});

describe("mistakes in building a graph are named at once", () => {
  const graph = new g.Graph("mistakes");
  const x = graph.input("x", "float32", [2, 3]);

  test("a name that is taken", () => {
    assert.throws(() => graph.input("x", "float32", [1]), /the name x is taken/);
    assert.throws(() => graph.output("x", x), /the name x is taken/);
  });

  test("shapes that do not fit, with operator, operands and shapes", () => {
    const y = graph.input("y", "float32", [4]);
    assert.throws(() => g.add(x, y), /Add\(x\[2,3\], y\[4\]\): .*do not broadcast/);
    assert.throws(() => g.matMul(x, x), /MatMul\(x\[2,3\], x\[2,3\]\): inner sizes differ/);
    assert.throws(() => g.reshape(x, [5]), /Reshape.*has not the size of \[5\]/);
  });

  test("types that do not go together", () => {
    const n = graph.input("n", "int64", [3]);
    assert.throws(() => g.mul(x, n), /float32 does not go with int64/);
  });

  test("an operator that is not in the table", () => {
    assert.throws(() => graph.add("Frobnicate", [x]), /operator Frobnicate is not defined/);
  });

  test("a tensor of another graph", () => {
    const other = new g.Graph("other").input("z", "float32", [2, 3]);
    assert.throws(() => g.add(x, other), /z belongs to another graph/);
  });
});
