// https://onnx.ai/onnx/operators/onnx__GlobalAveragePool.html, onnx__MaxPool.html

import type { Tensor } from "../graph.ts";
import { defineOperator, int, ints, intsOf, text } from "../operator.ts";
import { sizeOf, staticShape } from "../types.ts";
import { scale } from "./arithmetic.ts";
import { expand, reshape } from "./shape.ts";

defineOperator({
  type: "GlobalAveragePool",
  infer: ([x]) => [{ dtype: x!.dtype, shape: [x!.shape[0], x!.shape[1], 1, 1] }],
  gradient(node, [dy]) {
    const x = node.inputs[0]!;
    const [, , h, w] = staticShape(x.shape);
    return [expand(scale(dy!, 1 / (h * w)), x.shape)];
  },
});

/** Mean over height and width: [N, C, H, W] → [N, C]. */
export function globalAveragePool(x: Tensor): Tensor {
  const pooled = x.graph.add("GlobalAveragePool", [x])[0];
  return reshape(pooled, [x.shape[0], x.shape[1]]);
}

// Square windows; the second output holds the flat index of each window's maximum.
defineOperator({
  type: "MaxPool",
  infer([x], attributes) {
    const [kernel] = intsOf(attributes, "kernel_shape");
    const [stride] = intsOf(attributes, "strides");
    const [padding] = intsOf(attributes, "pads");
    const [n, c, h, w] = x!.shape;
    const outSize = (size: number) => Math.floor((size + 2 * padding - kernel) / stride) + 1;
    const shape = [n, c, ...staticShape([h, w]).map(outSize)];
    return [
      { dtype: x!.dtype, shape },
      { dtype: "int64", shape },
    ];
  },
  gradient(node, [dy]) {
    const x = node.inputs[0]!;
    const size = sizeOf(x.shape);
    const zeros = expand(x.graph.constant("float32", [1], Float32Array.of(0)), [size]);
    const indices = reshape(node.outputs[1], [sizeOf(dy!.shape)]);
    const values = reshape(dy!, [sizeOf(dy!.shape)]);
    const sums = x.graph.add("ScatterElements", [zeros, indices, values], {
      axis: int(0),
      reduction: text("add"),
    });
    return [reshape(sums[0], x.shape)];
  },
});

defineOperator({
  type: "ScatterElements",
  infer: ([x]) => [{ dtype: x!.dtype, shape: x!.shape }],
});

/** Maximum over square windows, with zeros never winning at the border. */
export function maxPool(x: Tensor, kernel: number, stride: number, padding: number): Tensor {
  const pair = (value: number) => ints([value, value]);
  const pads = ints([padding, padding, padding, padding]);
  return x.graph.add("MaxPool", [x], { kernel_shape: pair(kernel), strides: pair(stride), pads })[0];
}
