// The table of operators. Each entry holds the shape rule and, side by side, the gradient rule.

import type { GraphNode, OptionalTensor } from "./graph.ts";
import type { TensorType } from "./types.ts";

/** Attribute values, tagged by their ONNX type. */
export type Attribute =
  | { readonly int: number }
  | { readonly ints: readonly number[] }
  | { readonly float: number }
  | { readonly text: string };

export type Attributes = Readonly<Record<string, Attribute>>;

export interface Operator {
  /** The ONNX operator, as named in its specification. */
  readonly type: string;
  /** "" for standard ONNX, "com.microsoft" for ONNX Runtime's own. */
  readonly domain?: string;
  /** Types of the outputs; left out where they depend on values. @throws with what does not fit */
  infer?(inputs: readonly OptionalTensor[], attributes: Attributes): readonly TensorType[];
  /** Gradients at the inputs; left out where the operator is not differentiable. */
  gradient?(
    node: GraphNode,
    dy: readonly OptionalTensor[],
    needed: readonly boolean[],
  ): readonly OptionalTensor[];
}

const table = new Map<string, Operator>();

/** Adds an operator to the table. @throws if it is there already */
export function defineOperator(operator: Operator): void {
  if (table.has(operator.type)) throw new Error(`operator ${operator.type} is defined twice`);
  table.set(operator.type, operator);
}

/** @throws if the table lacks the operator */
export function operatorOf(type: string): Operator {
  const operator = table.get(type);
  if (!operator) throw new Error(`operator ${type} is not defined`);
  return operator;
}

/** Names of all operators in the table, sorted. */
export function operatorTypes(): string[] {
  return [...table.keys()].sort();
}

export const int = (value: number): Attribute => ({ int: value });
export const ints = (values: readonly number[]): Attribute => ({ ints: values });
export const float = (value: number): Attribute => ({ float: value });
export const text = (value: string): Attribute => ({ text: value });

/** The integer list of an attribute. @throws if it is of another kind */
export function intsOf(attributes: Attributes, name: string): readonly number[] {
  const attribute = attributes[name];
  if (!attribute || !("ints" in attribute)) throw new Error(`attribute ${name} must be a list of integers`);
  return attribute.ints;
}

/** The integer of an attribute, or the given value where it is absent. */
export function intOf(attributes: Attributes, name: string, otherwise: number): number {
  const attribute = attributes[name];
  if (!attribute) return otherwise;
  if (!("int" in attribute)) throw new Error(`attribute ${name} must be an integer`);
  return attribute.int;
}

/** The number of an attribute, or the given value where it is absent. */
export function floatOf(attributes: Attributes, name: string, otherwise: number): number {
  const attribute = attributes[name];
  if (!attribute) return otherwise;
  if (!("float" in attribute)) throw new Error(`attribute ${name} must be a number`);
  return attribute.float;
}
