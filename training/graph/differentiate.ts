// Reverse-mode differentiation: walks the tape backwards and emits gradient nodes into the same graph.

import type { Graph, OptionalTensor, Tensor } from "./graph.ts";
import { add } from "./ops/arithmetic.ts";
import { sameShape } from "./types.ts";

/** The tensors that depend on any of `sources`, those included. */
function dependents(graph: Graph, sources: readonly Tensor[]): Set<Tensor> {
  const found = new Set(sources);
  for (const entry of graph.tape) {
    if (entry.inputs.some((input) => input && found.has(input))) {
      for (const output of entry.outputs) found.add(output);
    }
  }
  return found;
}

/**
 * Gradients of a loss with respect to tensors of its graph, in their order and shapes. Only what lies between them is
 * differentiated: nothing is computed for a frozen layer or for the images.
 * @param output the loss, a scalar; or what a loss is computed from elsewhere
 * @param slope the gradient of that loss with respect to `output`, in its shape; left out for a scalar, where it is 1
 * @throws if the shapes do not fit, the output does not depend on one of them, or passes an operator without a gradient
 */
export function gradients(output: Tensor, wrt: readonly Tensor[], slope?: Tensor): Tensor[] {
  const graph = output.graph;
  if (!slope && output.shape.length !== 0)
    throw new Error(`the loss must be a scalar, not [${output.shape}]`);
  const seed = slope ?? graph.scalar(1);
  if (!sameShape(output.shape, seed.shape)) {
    throw new Error(`a slope [${seed.shape}] for an output [${output.shape}]`);
  }
  const needed = dependents(graph, wrt);
  const gradientOf = new Map<Tensor, Tensor>([[output, seed]]);
  const length = graph.tape.length;
  for (let i = length - 1; i >= 0; i--) {
    const entry = graph.tape[i];
    const dy = entry.outputs.map((output) => gradientOf.get(output));
    if (dy.every((gradient) => gradient === undefined)) continue;
    const wanted = entry.inputs.map((input) => input !== undefined && needed.has(input));
    if (!wanted.some(Boolean)) continue;
    const dx = entry.gradient(dy, wanted);
    entry.inputs.forEach((input, position) => {
      const gradient: OptionalTensor = wanted[position] ? dx[position] : undefined;
      if (!input || !gradient) return;
      if (!sameShape(input.shape, gradient.shape)) {
        throw new Error(`gradient [${gradient.shape}] of ${input.name} [${input.shape}] has another shape`);
      }
      const earlier = gradientOf.get(input);
      gradientOf.set(input, earlier ? add(earlier, gradient) : gradient);
    });
  }
  return wrt.map((tensor) => {
    const gradient = gradientOf.get(tensor);
    if (!gradient) throw new Error(`the loss does not depend on ${tensor.name}`);
    return gradient;
  });
}
