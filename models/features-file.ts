// features.safetensors: the compact vectors of a map's images, and what is needed to make such vectors of others.

import { UserError } from "./errors.ts";
import { type Aspect, type CompactFeatures, compactDim } from "./features.ts";
import { decodeSafetensors, encodeSafetensors, type NamedTensor } from "./safetensors.ts";

/** The bytes of features.safetensors. */
export function encodeFeatures(features: CompactFeatures): Uint8Array {
  const { content, looks, count, codes, scale, distanceQuantiles } = features;
  const aspect = (name: string, { mean, basis, dim, inputDim }: Aspect): Record<string, NamedTensor> => ({
    [`${name}.mean`]: { dtype: "float32", shape: [inputDim], data: mean },
    [`${name}.basis`]: { dtype: "float32", shape: [dim, inputDim], data: basis },
  });
  return encodeSafetensors({
    ...aspect("content", content),
    ...aspect("looks", looks),
    scale: { dtype: "float64", shape: [1], data: Float64Array.of(scale) },
    codes: { dtype: "int8", shape: [count, compactDim(features)], data: codes },
    distance_quantiles: { dtype: "float32", shape: [distanceQuantiles.length], data: distanceQuantiles },
  });
}

/** Reads features.safetensors. @throws UserError if it is damaged or an array is missing */
export function decodeFeatures(bytes: Uint8Array): CompactFeatures {
  const { tensors } = decodeSafetensors(bytes);
  const aspect = (name: string): Aspect => {
    const basis = tensorOf(tensors, `${name}.basis`, "float32", 2);
    const mean = tensorOf(tensors, `${name}.mean`, "float32", 1);
    const [dim, inputDim] = basis.shape;
    if (mean.data.length !== inputDim) throw new UserError(DO_NOT_FIT);
    return { inputDim, dim, mean: mean.data, basis: basis.data };
  };
  const [content, looks] = [aspect("content"), aspect("looks")];
  const scale = tensorOf(tensors, "scale", "float64", 1);
  const codes = tensorOf(tensors, "codes", "int8", 2);
  const quantiles = tensorOf(tensors, "distance_quantiles", "float32", 1);
  if (codes.shape[1] !== content.dim + looks.dim || scale.data.length !== 1) throw new UserError(DO_NOT_FIT);
  return {
    content,
    looks,
    scale: scale.data[0],
    count: codes.shape[0],
    codes: codes.data,
    distanceQuantiles: quantiles.data,
  };
}

const DO_NOT_FIT = "damaged feature vectors: the arrays do not fit together";

function tensorOf<T extends NamedTensor["dtype"]>(
  tensors: Record<string, NamedTensor>,
  name: string,
  dtype: T,
  rank: number,
): Extract<NamedTensor, { dtype: T }> {
  const tensor = Object.hasOwn(tensors, name) ? tensors[name] : undefined;
  if (tensor?.dtype !== dtype || tensor.shape.length !== rank) {
    throw new UserError(`damaged feature vectors: ${name} is missing or of another kind`);
  }
  return tensor as Extract<NamedTensor, { dtype: T }>;
}
