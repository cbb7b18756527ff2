// Nearest neighbours in many dimensions as a graph: one matrix product and a TopK for a block of queries.

import { add, Graph, matMul, serialize } from "../graph/index.ts";
import { defineOperator, int } from "../graph/operator.ts";

// https://onnx.ai/onnx/operators/onnx__TopK.html
defineOperator({
  type: "TopK",
  infer([x, k]) {
    const count = Number((k as unknown as { data: BigInt64Array }).data[0]);
    const shape = [...x!.shape.slice(0, -1), count];
    return [
      { dtype: x!.dtype, shape },
      { dtype: "int64", shape },
    ];
  },
});

/**
 * queries [block, dim], points [dim, n] times 2, offsets [n] = −|point|² (productColumns in models/neighbours.ts) →
 * candidates int64 [block, k], best first, and their scores 2 q·p − |p|².
 */
export function buildNearest(dim: number, pointCount: number, k: number): Uint8Array {
  const graph = new Graph("nearest");
  const queries = graph.input("queries", "float32", ["block", dim]);
  const points = graph.input("points", "float32", [dim, pointCount]);
  const offsets = graph.input("offsets", "float32", [pointCount]);
  const scores = add(matMul(queries, points), offsets);
  const [best, candidates] = graph.add("TopK", [scores, graph.integers([k])], { sorted: int(1) });
  graph.output("candidates", candidates);
  graph.output("scores", best);
  return serialize(graph);
}
