// A graph under construction: nodes in the order they were made (so already sorted), and beside them the tape
// that reverse-mode differentiation walks backwards.

import { type Attributes, type Operator, operatorOf } from "./operator.ts";
import { type DataType, type Shape, sizeOf, type TensorData, type TensorType } from "./types.ts";

/** A handle on one value of a graph. */
export interface Tensor extends TensorType {
  readonly graph: Graph;
  readonly name: string;
}

/** An input that an operator may lack is undefined there. */
export type OptionalTensor = Tensor | undefined;

export interface GraphNode {
  readonly type: string;
  readonly domain: string;
  readonly inputs: readonly OptionalTensor[];
  readonly outputs: readonly Tensor[];
  readonly attributes: Attributes;
}

/** One differentiable step: given the gradients at its outputs, the gradients at its inputs. */
export interface TapeEntry {
  readonly inputs: readonly OptionalTensor[];
  readonly outputs: readonly Tensor[];
  /**
   * @param dy gradient at each output, undefined where nothing depends on it
   * @param needed which inputs' gradients are asked for; others may be left undefined
   */
  gradient(dy: readonly OptionalTensor[], needed: readonly boolean[]): readonly OptionalTensor[];
}

export interface Constant extends Tensor {
  readonly data: TensorData;
}

export class Graph {
  readonly inputs: Tensor[] = [];
  readonly outputs: { name: string; tensor: Tensor }[] = [];
  readonly constants: Constant[] = [];
  readonly nodes: GraphNode[] = [];
  readonly tape: TapeEntry[] = [];
  readonly name: string;
  #recording = true;
  #counts = new Map<string, number>();
  #names = new Set<string>();
  #shared = new Map<string, Constant>();

  constructor(name: string) {
    this.name = name;
  }

  /** A value given at run time. @throws if the name is taken */
  input(name: string, dtype: DataType, shape: Shape): Tensor {
    const tensor: Tensor = { graph: this, name: this.#claim(name), dtype, shape };
    this.inputs.push(tensor);
    return tensor;
  }

  /** A named constant stored with the graph. @throws if the name is taken or the data does not fill the shape */
  initializer(name: string, dtype: DataType, shape: readonly number[], data: TensorData): Constant {
    return this.#store(this.#claim(name), dtype, shape, data);
  }

  /** An unnamed constant; equal small ones are stored once. */
  constant(dtype: DataType, shape: readonly number[], data: TensorData): Constant {
    const key = data.length <= 16 ? `${dtype}[${shape}]${data.join()}` : undefined;
    const shared = key === undefined ? undefined : this.#shared.get(key);
    if (shared) return shared;
    const constant = this.#store(this.#fresh("const"), dtype, shape, data);
    if (key !== undefined) this.#shared.set(key, constant);
    return constant;
  }

  /** A float32 scalar. */
  scalar(value: number): Constant {
    return this.constant("float32", [], Float32Array.of(value));
  }

  /** A one-dimensional int64 constant: axes, shapes, pads. */
  integers(values: readonly number[]): Constant {
    return this.constant("int64", [values.length], BigInt64Array.from(values, BigInt));
  }

  /**
   * Adds a node and returns its outputs, typed by the operator's shape rule.
   * @param given types of the outputs, where the operator has no shape rule
   * @throws if the operator is unknown or its inputs do not fit
   */
  add(
    type: string,
    inputs: readonly OptionalTensor[],
    attributes: Attributes = {},
    given?: readonly TensorType[],
  ): Tensor[] {
    const operator = operatorOf(type);
    for (const input of inputs) {
      if (input && input.graph !== this) throw new Error(`${type}: ${input.name} belongs to another graph`);
    }
    const types = given ?? infer(operator, inputs, attributes);
    const outputs = types.map((t) => ({
      graph: this,
      name: this.#fresh(type),
      dtype: t.dtype,
      shape: t.shape,
    }));
    const node: GraphNode = { type, domain: operator.domain ?? "", inputs, outputs, attributes };
    this.nodes.push(node);
    if (this.#recording) {
      this.tape.push({
        inputs,
        outputs,
        gradient: (dy, needed) => {
          if (!operator.gradient) throw new Error(`${type} has no gradient`);
          return operator.gradient(node, dy, needed);
        },
      });
    }
    return outputs;
  }

  /**
   * Several nodes that are differentiated as one, by a gradient of their own: for formulations that run faster
   * than what the chain rule would make of the single nodes.
   */
  composite(
    inputs: readonly OptionalTensor[],
    forward: () => readonly Tensor[],
    gradient: (outputs: readonly Tensor[]) => TapeEntry["gradient"],
  ): readonly Tensor[] {
    const recording = this.#recording;
    this.#recording = false;
    const outputs = forward();
    this.#recording = recording;
    if (recording) this.tape.push({ inputs, outputs, gradient: gradient(outputs) });
    return outputs;
  }

  /** Declares a result of the graph. @throws if the name is taken by another tensor */
  output(name: string, tensor: Tensor): void {
    this.outputs.push({ name: this.#claim(name), tensor });
  }

  #store(name: string, dtype: DataType, shape: readonly number[], data: TensorData): Constant {
    if (data.length !== sizeOf(shape))
      throw new Error(`${name}: ${data.length} values do not fill [${shape}]`);
    const constant: Constant = { graph: this, name, dtype, shape, data };
    this.constants.push(constant);
    return constant;
  }

  #claim(name: string): string {
    if (this.#names.has(name)) throw new Error(`the name ${name} is taken`);
    this.#names.add(name);
    return name;
  }

  #fresh(stem: string): string {
    let count = this.#counts.get(stem) ?? 0;
    while (this.#names.has(`${stem}_${count}`)) count++; // names that were read from a file
    this.#counts.set(stem, count + 1);
    return this.#claim(`${stem}_${count}`);
  }
}

function infer(
  operator: Operator,
  inputs: readonly OptionalTensor[],
  attributes: Attributes,
): readonly TensorType[] {
  if (!operator.infer) throw new Error(`${operator.type} has no shape rule: give the types of its outputs`);
  try {
    return operator.infer(inputs, attributes);
  } catch (error) {
    const shown = inputs.map((input) => (input ? `${input.name}[${input.shape}]` : "none")).join(", ");
    throw new Error(`${operator.type}(${shown}): ${error instanceof Error ? error.message : error}`);
  }
}
