// Build ONNX graphs, differentiate them, serialise them, read them. What `tsimcne/graph` exports.

export { type DeserializedGraph, type DeserializeOptions, deserialize } from "./deserialize.ts";
export { gradients } from "./differentiate.ts";
export { type Constant, Graph, type GraphNode, type OptionalTensor, type Tensor } from "./graph.ts";
export {
  type Attribute,
  type Attributes,
  defineOperator,
  float,
  int,
  ints,
  type Operator,
  operatorTypes,
  text,
} from "./operator.ts";
export { clip, relu } from "./ops/activation.ts";
export { add, div, exp, log, mul, neg, reciprocal, scale, shift, sqrt, sub } from "./ops/arithmetic.ts";
export { cast, equal, identity } from "./ops/comparison.ts";
export { type ConvOptions, conv } from "./ops/convolution.ts";
export { convInnermost, picturesInnermost } from "./ops/convolution-innermost.ts";
export { abs, countTo, floor, maximum, minimum, sizeAlong } from "./ops/dynamic.ts";
export { gemm, linear, matMul } from "./ops/matmul.ts";
export { BATCH_NORM_EPSILON, batchNormInference, batchNormTraining } from "./ops/normalization.ts";
export { globalAveragePool, maxPool } from "./ops/pooling.ts";
export { logSumExp, mean, normalize, reduceMean, reduceSum } from "./ops/reduction.ts";
export { concat, expand, pad, reshape, reverse, slice, spaceToDepth, transpose } from "./ops/shape.ts";
export { softmax } from "./ops/softmax.ts";
export { OPSET, serialize } from "./serialize.ts";
export {
  type DataType,
  type Dim,
  type Shape,
  sizeOf,
  staticShape,
  type TensorData,
  type TensorType,
} from "./types.ts";
