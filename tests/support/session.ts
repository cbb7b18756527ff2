// Runs a graph once on the CPU and hands back its outputs as plain arrays.

import { InferenceSession, Tensor } from "onnxruntime-node";
import { type Graph, serialize } from "../../training/graph/index.ts";

export type Values = Record<
  string,
  { shape: readonly number[]; data: Float32Array | Uint8Array | BigInt64Array }
>;

export async function runModel(model: Uint8Array, inputs: Values): Promise<Values> {
  const session = await InferenceSession.create(model, { logSeverityLevel: 3 });
  const feeds: Record<string, Tensor> = {};
  for (const [name, { shape, data }] of Object.entries(inputs)) {
    if (data instanceof Uint8Array) feeds[name] = new Tensor("uint8", data, shape);
    else if (data instanceof BigInt64Array) feeds[name] = new Tensor("int64", data, shape);
    else feeds[name] = new Tensor("float32", data, shape);
  }
  const results = await session.run(feeds);
  await session.release();
  return Object.fromEntries(
    Object.entries(results).map(([name, t]) => [name, { shape: t.dims, data: t.data as Float32Array }]),
  );
}

export function runGraph(graph: Graph, inputs: Values): Promise<Values> {
  return runModel(serialize(graph), inputs);
}
