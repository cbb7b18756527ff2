// What a tensor in a graph is known to be: element type and shape.

/** Element types the graphs use, by their ONNX names. */
export type DataType = "float32" | "int64" | "int32" | "uint8" | "bool";

/** A dimension: a known size, or the name of one that is given at run time (such as "batch"). */
export type Dim = number | string;

/** Dimensions, outermost first; [] is a scalar. */
export type Shape = readonly Dim[];

export interface TensorType {
  readonly dtype: DataType;
  readonly shape: Shape;
}

/** Constant data as the host holds it. */
export type TensorData = Float32Array | BigInt64Array | Int32Array | Uint8Array;

/** The shape as numbers. @throws if a dimension is only known at run time */
export function staticShape(shape: Shape): number[] {
  return shape.map((dim) => {
    if (typeof dim === "string") throw new Error(`the size of dimension "${dim}" must be known here`);
    return dim;
  });
}

/** Number of elements. @throws if a dimension is only known at run time */
export function sizeOf(shape: Shape): number {
  return staticShape(shape).reduce((product, dim) => product * dim, 1);
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((dim, i) => dim === b[i]);
}

/** An axis counted from the front. @throws if it is out of range */
export function normalizeAxis(axis: number, rank: number): number {
  const positive = axis < 0 ? axis + rank : axis;
  if (positive < 0 || positive >= rank) throw new Error(`axis ${axis} is out of range for rank ${rank}`);
  return positive;
}
