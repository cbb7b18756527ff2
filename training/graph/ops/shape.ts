// Moving elements around without changing them.
// https://onnx.ai/onnx/operators/onnx__Reshape.html (Expand, Transpose, Slice, Concat, Pad, SpaceToDepth likewise)

import type { Constant, OptionalTensor, Tensor } from "../graph.ts";
import { defineOperator, int, intOf, ints, intsOf } from "../operator.ts";
import { type Dim, normalizeAxis, type Shape, sameShape, sizeOf, staticShape } from "../types.ts";
import { unbroadcast } from "./arithmetic.ts";

function constantIntegers(tensor: OptionalTensor): number[] {
  const data = (tensor as Constant | undefined)?.data;
  if (!(data instanceof BigInt64Array)) throw new Error("shapes, axes and pads must be constant");
  return Array.from(data, Number);
}

// One dimension may be a name; it is written as -1 and passed through. Of a shape that is all known, -1 is what is left.
defineOperator({
  type: "Reshape",
  infer([x, shape]) {
    const named = x!.shape.find((dim) => typeof dim === "string");
    const known = (s: Shape) => sizeOf(s.filter((dim) => typeof dim === "number"));
    const given = constantIntegers(shape);
    const left = known(x!.shape) / known(given.filter((dim) => dim !== -1));
    const target: Dim[] = given.map((dim) => (dim === -1 ? (named ?? left) : dim));
    if (known(x!.shape) !== known(target)) throw new Error(`[${x!.shape}] has not the size of [${target}]`);
    return [{ dtype: x!.dtype, shape: target }];
  },
  gradient: (node, [dy]) => [reshape(dy!, node.inputs[0]!.shape), undefined],
});

defineOperator({
  type: "Expand",
  infer([x, shape]) {
    const target = constantIntegers(shape);
    return [{ dtype: x!.dtype, shape: target }];
  },
  gradient: (node, [dy]) => [unbroadcast(dy!, node.inputs[0]!.shape), undefined],
});

defineOperator({
  type: "Transpose",
  infer([x], attributes) {
    const order = intsOf(attributes, "perm");
    if ([...order].sort().join() !== x!.shape.map((_, i) => i).join())
      throw new Error(`bad order [${order}]`);
    return [{ dtype: x!.dtype, shape: order.map((axis) => x!.shape[axis]) }];
  },
  gradient(node, [dy]) {
    const order = intsOf(node.attributes, "perm");
    return [
      transpose(
        dy!,
        order.map((_, axis) => order.indexOf(axis)),
      ),
    ];
  },
});

// Whole ranges along single axes; a step of -1 with start -1 reverses an axis.
defineOperator({
  type: "Slice",
  infer([x, starts, ends, axes, steps]) {
    const shape = [...x!.shape];
    const [from, to, on, by] = [starts, ends, axes, steps].map(constantIntegers);
    on.forEach((axis, i) => {
      const [size] = staticShape([shape[axis]]);
      if (by[i] === -1) {
        if (from[i] !== -1) throw new Error("a reversed axis must be whole");
        return;
      }
      if (by[i] < 1 || from[i] < 0 || to[i] > size || from[i] >= to[i]) {
        throw new Error(`${from[i]}:${to[i]}:${by[i]} is not within axis ${axis} of [${x!.shape}]`);
      }
      shape[axis] = Math.ceil((to[i] - from[i]) / by[i]);
    });
    return [{ dtype: x!.dtype, shape }];
  },
  gradient(node, [dy]) {
    const [x, starts, ends, axes, steps] = node.inputs;
    const [from, to, on, by] = [starts, ends, axes, steps].map(constantIntegers);
    const before = x!.shape.map(() => 0);
    const after = x!.shape.map(() => 0);
    on.forEach((axis, i) => {
      if (by[i] > 1) throw new Error("a slice with a step has no gradient");
      if (by[i] === -1) return;
      before[axis] = from[i];
      after[axis] = (x!.shape[axis] as number) - to[i];
    });
    const reversed = on.filter((_, i) => by[i] === -1);
    const placed = [...before, ...after].some((n) => n > 0) ? pad(dy!, before, after) : dy!;
    return [
      reversed.length > 0 ? reverse(placed, reversed) : placed,
      undefined,
      undefined,
      undefined,
      undefined,
    ];
  },
});

defineOperator({
  type: "Concat",
  infer(inputs, attributes) {
    const first = inputs[0]!;
    const axis = normalizeAxis(intOf(attributes, "axis", 0), first.shape.length);
    const shape = [...first.shape];
    shape[axis] = inputs.reduce((sum, x) => sum + sizeOf([x!.shape[axis]]), 0);
    for (const x of inputs) {
      const other = x!.shape.map((dim, i) => (i === axis ? shape[axis] : dim));
      if (!sameShape(other, shape))
        throw new Error(`[${x!.shape}] does not join [${first.shape}] on axis ${axis}`);
    }
    return [{ dtype: first.dtype, shape }];
  },
  gradient(node, [dy], needed) {
    const axis = normalizeAxis(intOf(node.attributes, "axis", 0), dy!.shape.length);
    let start = 0;
    return node.inputs.map((x, i) => {
      const size = x!.shape[axis] as number;
      start += size;
      return needed[i] ? slice(dy!, axis, start - size, start) : undefined;
    });
  },
});

// Zeros around; a negative amount cuts elements off.
defineOperator({
  type: "Pad",
  infer([x, pads]) {
    const amounts = constantIntegers(pads);
    const rank = x!.shape.length;
    const shape = x!.shape.map((dim, i) => {
      const change = amounts[i] + amounts[i + rank];
      if (change === 0 && amounts[i] === 0) return dim;
      const size = sizeOf([dim]) + change;
      if (size < 1) throw new Error(`nothing is left of axis ${i}`);
      return size;
    });
    return [{ dtype: x!.dtype, shape }];
  },
  gradient(node, [dy]) {
    const amounts = constantIntegers(node.inputs[1]);
    const rank = dy!.shape.length;
    const opposite = amounts.map((amount) => -amount);
    return [pad(dy!, opposite.slice(0, rank), opposite.slice(rank)), undefined];
  },
});

// [N, C, H, W] → [N, b²·C, H/b, W/b]; channel (row · b + column) · C + c holds that phase of channel c.
defineOperator({
  type: "SpaceToDepth",
  infer([x], attributes) {
    const block = intOf(attributes, "blocksize", 1);
    const [n, c, h, w] = x!.shape;
    const [channels, height, width] = staticShape([c, h, w]);
    if (height % block || width % block) throw new Error(`[${x!.shape}] does not divide by ${block}`);
    return [{ dtype: x!.dtype, shape: [n, channels * block * block, height / block, width / block] }];
  },
});

// Along the first axis.
defineOperator({
  type: "Gather",
  infer: ([x, indices]) => [{ dtype: x!.dtype, shape: [...indices!.shape, ...x!.shape.slice(1)] }],
});

/** Same elements, other shape; a named dimension (at most one) must be in both. */
export function reshape(x: Tensor, shape: Shape): Tensor {
  if (sameShape(x.shape, shape)) return x;
  const target = x.graph.integers(shape.map((dim) => (typeof dim === "string" ? -1 : dim)));
  return x.graph.add("Reshape", [x, target])[0];
}

/** Repeats along axes of size 1 until the shape is reached. */
export function expand(x: Tensor, shape: Shape): Tensor {
  if (sameShape(x.shape, shape)) return x;
  return x.graph.add("Expand", [x, x.graph.integers(staticShape(shape))])[0];
}

/** Axis i of the result is axis order[i] of x. */
export function transpose(x: Tensor, order: readonly number[]): Tensor {
  return x.graph.add("Transpose", [x], { perm: ints(order) })[0];
}

/** Elements start, start + step, … before end, along one axis. */
export function slice(x: Tensor, axis: number, start: number, end: number, step = 1): Tensor {
  const { graph } = x;
  const range = [[start], [end], [normalizeAxis(axis, x.shape.length)], [step]].map((v) => graph.integers(v));
  return graph.add("Slice", [x, ...range])[0];
}

/** Turns axes around. */
export function reverse(x: Tensor, axes: readonly number[]): Tensor {
  const { graph } = x;
  const all = (value: number) => graph.integers(axes.map(() => value));
  return graph.add("Slice", [x, all(-1), all(-(2 ** 31)), graph.integers(axes), all(-1)])[0];
}

/** Joins along one axis. */
export function concat(parts: readonly Tensor[], axis: number): Tensor {
  return parts.length === 1 ? parts[0] : parts[0].graph.add("Concat", parts, { axis: int(axis) })[0];
}

/** Zeros before and after each axis; negative amounts cut off. */
export function pad(x: Tensor, before: readonly number[], after: readonly number[]): Tensor {
  if ([...before, ...after].every((amount) => amount === 0)) return x;
  return x.graph.add("Pad", [x, x.graph.integers([...before, ...after])])[0];
}

/**
 * Elements of the first axis by constant indices, which are laid out in a shape: [R, …] → [shape, …]. Has no gradient: it
 * is used within composites only.
 */
export function pick(x: Tensor, indices: readonly number[], shape: readonly number[]): Tensor {
  const constant = x.graph.constant("int64", shape, BigInt64Array.from(indices, BigInt));
  return x.graph.add("Gather", [x, constant])[0];
}

/** Moves each b × b block of pixels into channels. Has no gradient: it is used inside gradients only. */
export function spaceToDepth(x: Tensor, block: number): Tensor {
  return x.graph.add("SpaceToDepth", [x], { blocksize: int(block) })[0];
}
