// Compares the gradients of a function built as a graph with central differences along random directions.

import assert from "node:assert/strict";
import { nodeRuntime } from "../../models/runtime.node.ts";
import type { Runtime } from "../../models/runtime.ts";
import { add, Graph, gradients, mul, reduceSum, serialize, type Tensor } from "../../training/graph/index.ts";
import { randomStream } from "../../training/random.ts";

export interface GradientCheck {
  /** Shapes of the differentiable inputs. */
  shapes: readonly (readonly number[])[];
  /** Builds the function; its outputs may have any shape. */
  build: (inputs: readonly Tensor[]) => Tensor | readonly Tensor[];
  seed: number;
  /** Defaults to onnxruntime-node on the CPU. */
  runtime?: Runtime;
  /** Makes an input value out of a standard normal one; the default keeps it. */
  value?: (normal: number, input: number) => number;
  /** Step of the central difference; keep it smaller than the distance to any kink. */
  step?: number;
  tolerance?: number;
}

/**
 * Every output is weighted with random numbers and summed to a scalar; the directional derivative along a random
 * direction in each single input must match what the gradient says.
 */
export async function checkGradients(check: GradientCheck): Promise<void> {
  const {
    shapes,
    build,
    seed,
    runtime = nodeRuntime,
    value = (x) => x,
    step = 1e-2,
    tolerance = 1e-2,
  } = check;
  const random = randomStream(seed, "gradient check");
  const graph = new Graph("check");
  const inputs = shapes.map((shape, i) => graph.input(`x${i}`, "float32", shape));
  const built = build(inputs);
  const outputs = "graph" in built ? [built] : built;
  const normal = (n: number) => Float32Array.from({ length: n }, () => random.normal());
  const size = (shape: readonly number[]) => shape.reduce((n, d) => n * d, 1);
  const terms = outputs.map((y) => {
    const shape = y.shape as number[];
    const weights = graph.initializer(`w_${y.name}`, "float32", shape, normal(size(shape)));
    return reduceSum(
      mul(y, weights),
      shape.map((_, i) => i),
    );
  });
  // Summed in double precision outside, so that the difference of two losses keeps its digits.
  for (const [i, y] of outputs.entries()) graph.output(`y${i}`, y);
  let loss = terms[0];
  for (const term of terms.slice(1)) loss = add(loss, term);
  const all = gradients(loss, inputs);
  for (const [i, gradient] of all.entries()) graph.output(`dx${i}`, gradient);
  const weightsOf = outputs.map(
    (y) => graph.constants.find((c) => c.name === `w_${y.name}`)!.data as Float32Array,
  );

  const session = await runtime.createSession(serialize(graph));
  const at = shapes.map((shape, i) => Float32Array.from(normal(size(shape)), (x) => value(x, i)));
  const run = async (values: readonly Float32Array[]) => {
    const feeds = Object.fromEntries(
      values.map((v, i) => [`x${i}`, new runtime.Tensor("float32", v, shapes[i])]),
    );
    return await session.run(feeds);
  };
  const lossAt = async (values: readonly Float32Array[]) => {
    const results = await run(values);
    let sum = 0;
    outputs.forEach((_, o) => {
      const y = results[`y${o}`].data as Float32Array;
      for (let k = 0; k < y.length; k++) sum += y[k] * weightsOf[o][k];
    });
    return sum;
  };
  const analytic = await run(at);
  for (let i = 0; i < shapes.length; i++) {
    const direction = normal(at[i].length);
    const moved = (sign: number) =>
      at.map((v, j) => (j === i ? v.map((x, k) => x + sign * step * direction[k]) : v));
    const [ahead, behind] = [moved(1), moved(-1)];
    const numeric = (await lossAt(ahead)) - (await lossAt(behind));
    const dx = analytic[`dx${i}`].data as Float32Array;
    // The step as float32 really took it.
    const expected = dx.reduce((sum, g, k) => sum + g * (ahead[i][k] - behind[i][k]), 0);
    const norm = Math.sqrt(dx.reduce((s, g, k) => s + (g * (ahead[i][k] - behind[i][k])) ** 2, 0));
    const error = Math.abs(numeric - expected) / Math.max(norm, 1e-3);
    assert.ok(
      error < tolerance,
      `input ${i} of shape [${shapes[i]}]: numeric ${numeric}, gradient says ${expected}`,
    );
  }
  await session.release();
}
