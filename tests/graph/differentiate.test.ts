import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as g from "../../training/graph/index.ts";
import { readModel } from "../support/onnx-file.ts";
import { runGraph } from "../support/session.ts";

const row = (...data: number[]) => ({ shape: [data.length], data: Float32Array.from(data) });
const total = (x: g.Tensor) => g.reduceSum(x, [0]);

describe("gradients", () => {
  test("come in the order and the shapes that were asked for", async () => {
    const graph = new g.Graph("order");
    const a = graph.input("a", "float32", [2]);
    const b = graph.input("b", "float32", [1]);
    const [db, da] = g.gradients(total(g.mul(a, b)), [b, a]);
    graph.output("da", da);
    graph.output("db", db);
    const results = await runGraph(graph, { a: row(3, 5), b: row(7) });
    assert.deepEqual([...results.da.data], [7, 7]);
    assert.deepEqual([...results.db.data], [8]);
  });

  test("add up over all ways from a tensor to the loss", async () => {
    const graph = new g.Graph("ways");
    const x = graph.input("x", "float32", [2]);
    const y = g.mul(x, x);
    const [dx] = g.gradients(total(g.add(g.mul(y, x), g.add(y, x))), [x]);
    graph.output("dx", dx);
    const results = await runGraph(graph, { x: row(2, -1) });
    assert.deepEqual(
      [...results.dx.data],
      [2, -1].map((v) => 3 * v * v + 2 * v + 1),
    );
  });

  test("reach a tensor in the middle, with what comes before it left alone", () => {
    const graph = new g.Graph("middle");
    const x = graph.input("x", "float32", [2]);
    const frozen = g.exp(x);
    const w = graph.input("w", "float32", [2]);
    graph.output("dw", g.gradients(total(g.mul(frozen, w)), [w])[0]);
    const { nodes } = readModel(g.serialize(graph));
    assert.deepEqual(
      nodes.map((node) => node.opType).filter((type) => type === "Exp" || type === "Mul"),
      ["Exp", "Mul"],
      "nothing runs backwards through the exponential",
    );
  });

  test("of the loss itself is one", async () => {
    const graph = new g.Graph("self");
    const loss = total(graph.input("x", "float32", [2]));
    graph.output("d", g.gradients(loss, [loss])[0]);
    const { d } = await runGraph(graph, { x: row(1, 2) });
    assert.deepEqual([...d.data], [1]);
  });
});

describe("refused", () => {
  const graph = new g.Graph("refused");
  const x = graph.input("x", "float32", [2]);
  const aside = graph.input("aside", "float32", [2]);

  test("a loss that is not a scalar", () => {
    assert.throws(() => g.gradients(x, [x]), /the loss must be a scalar, not \[2\]/);
  });

  test("a tensor that the loss does not depend on", () => {
    assert.throws(() => g.gradients(total(x), [aside]), /does not depend on aside/);
  });

  test("a way through an operator without a gradient", () => {
    assert.throws(() => g.gradients(total(g.clip(x, 0, 1)), [x]), /Clip has no gradient/);
  });
});
