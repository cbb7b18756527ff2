// The gradient of every operator against central differences, over random shapes.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import fc from "fast-check";
import type { Runtime } from "../../models/runtime.ts";
import type { Tensor } from "../../training/graph/index.ts";
import * as g from "../../training/graph/index.ts";
import { checkGradients, type GradientCheck } from "./gradient-check.ts";

interface Case extends Omit<GradientCheck, "seed" | "build"> {
  build: (inputs: readonly Tensor[]) => Tensor | readonly Tensor[];
}

export interface OperatorGradientsOptions {
  /** Of the usual number of random cases. Defaults to 1. */
  readonly share?: number;
  /** Tests that the runtime cannot pass, by name, and why. */
  readonly lacks?: Readonly<Record<string, string>>;
}

/** Declares the tests, to be run on a runtime. With all of them, that no operator was forgotten is a test too. */
export function operatorGradients(runtime: Runtime, options: OperatorGradientsOptions = {}): void {
  const { share = 1, lacks = {} } = options;
  const covered = new Set<string>();

  const dim = (min = 1, max = 4) => fc.integer({ min, max });
  const seed = fc.integer({ min: 0, max: 2 ** 31 - 1 });

  function holds(name: string, arbitrary: fc.Arbitrary<Case>, numRuns = 8) {
    test(name, { skip: lacks[name] ?? false }, async () => {
      await fc.assert(
        fc.asyncProperty(arbitrary, seed, async (aCase, s) => {
          await checkGradients({
            ...aCase,
            runtime,
            seed: s,
            build: (inputs) => recording(aCase.build(inputs)),
          });
        }),
        { numRuns: Math.ceil(share * numRuns), endOnFailure: true, seed: 7, includeErrorInReport: true },
      );
    });
  }

  function recording<T extends Tensor | readonly Tensor[]>(built: T): T {
    const { graph } = "graph" in built ? built : built[0];
    for (const node of graph.nodes) covered.add(node.type);
    return built;
  }

  /** Away from zero, where a kink or a pole would spoil the difference. */
  const awayFromZero = (x: number) => x + Math.sign(x) * 0.2;
  const positive = (x: number) => Math.abs(x) + 0.5;

  const broadcastPair = fc
    .tuple(fc.array(dim(), { minLength: 1, maxLength: 4 }), fc.infiniteStream(fc.boolean()), dim(0, 2))
    .map(([shape, ones, drop]) => {
      const masked = () => shape.map((d) => (ones.next().value ? 1 : d));
      return [masked(), masked().slice(Math.min(drop, shape.length - 1))] as const;
    });

  describe("arithmetic", () => {
    for (const name of ["add", "sub", "mul"] as const) {
      holds(
        name,
        broadcastPair.map((shapes) => ({ shapes, build: ([a, b]) => g[name](a, b) })),
      );
    }
    holds(
      "div",
      broadcastPair.map((shapes) => ({ shapes, value: positive, build: ([a, b]) => g.div(a, b) })),
    );
    const unary = fc.array(dim(), { minLength: 0, maxLength: 3 });
    for (const name of ["neg", "exp", "log", "sqrt", "reciprocal"] as const) {
      holds(
        name,
        unary.map((shape) => ({ shapes: [shape], value: positive, build: ([x]) => g[name](x) })),
      );
    }
    holds(
      "relu",
      unary.map((shape) => ({ shapes: [shape], value: awayFromZero, build: ([x]) => g.relu(x) })),
    );
    test("a tensor used twice gets both gradients", () =>
      checkGradients({ runtime, shapes: [[3]], seed: 1, build: ([x]) => g.mul(x, g.add(x, g.exp(x))) }));
  });

  describe("matrix products", () => {
    holds(
      "matMul with broadcast outer axes",
      fc.tuple(dim(), dim(), dim(), dim(), fc.boolean(), fc.boolean()).map(([b, m, k, n, left, right]) => ({
        shapes: [
          [left ? 1 : b, m, k],
          [right ? 1 : b, k, n],
        ],
        build: ([p, q]) => g.matMul(p, q),
      })),
    );
    holds(
      "gemm, transposed or not, with and without a bias",
      fc
        .tuple(dim(), dim(), dim(), fc.boolean(), fc.boolean(), fc.boolean())
        .map(([m, k, n, ta, tb, bias]) => ({
          shapes: [ta ? [k, m] : [m, k], tb ? [n, k] : [k, n], ...(bias ? [[n]] : [])],
          build: ([p, q, c]) => g.gemm(p, q, ta, tb, c),
        })),
      20,
    );
  });

  describe("reductions", () => {
    const reduced = fc
      .tuple(fc.array(dim(), { minLength: 1, maxLength: 4 }), fc.infiniteStream(fc.boolean()), fc.boolean())
      .map(([shape, chosen, keep]) => {
        const axes = shape.map((_, i) => i).filter((i) => i === 0 || chosen.next().value);
        return { shape, axes, keep };
      });
    for (const name of ["reduceSum", "reduceMean"] as const) {
      holds(
        name,
        reduced.map(({ shape, axes, keep }) => ({ shapes: [shape], build: ([x]) => g[name](x, axes, keep) })),
      );
    }
    const rows = fc.tuple(dim(), dim(1, 6));
    holds(
      "logSumExp",
      rows.map((shape) => ({ shapes: [shape], build: ([x]) => g.logSumExp(x) })),
    );
    holds(
      "softmax",
      rows.map((shape) => ({ shapes: [shape], build: ([x]) => g.softmax(x) })),
    );
    holds(
      "normalize",
      rows.map((shape) => ({ shapes: [shape], value: awayFromZero, build: ([x]) => g.normalize(x) })),
    );
  });

  describe("moving elements", () => {
    holds(
      "reshape",
      fc.tuple(dim(), dim()).map(([a, b]) => ({ shapes: [[a, b]], build: ([x]) => g.reshape(x, [b, a]) })),
    );
    holds(
      "expand",
      fc.tuple(dim(), dim()).map(([a, b]) => ({ shapes: [[1, a]], build: ([x]) => g.expand(x, [b, a]) })),
    );
    holds(
      "transpose",
      fc.shuffledSubarray([0, 1, 2, 3], { minLength: 4, maxLength: 4 }).map((order) => ({
        shapes: [[2, 3, 4, 5]],
        build: ([x]) => g.transpose(x, order),
      })),
    );
    holds(
      "slice",
      fc.tuple(dim(0, 2), dim(1, 3), dim(0, 2)).map(([start, length, rest]) => ({
        shapes: [[2, start + length + rest]],
        build: ([x]) => g.slice(x, 1, start, start + length),
      })),
    );
    holds(
      "reverse",
      fc.tuple(dim(), dim()).map((shape) => ({ shapes: [shape], build: ([x]) => g.reverse(x, [0, 1]) })),
    );
    holds(
      "concat",
      fc.tuple(dim(), dim(), dim()).map(([a, b, c]) => ({
        shapes: [
          [a, b],
          [a, c],
        ],
        build: (parts) => g.concat(parts, 1),
      })),
    );
    const amount = fc.integer({ min: -1, max: 2 });
    holds(
      "pad, with negative amounts too",
      fc.tuple(amount, amount, amount, amount).map(([a, b, c, d]) => ({
        shapes: [[4, 5]],
        build: ([x]) => g.pad(x, [a, b], [c, d]),
      })),
    );
  });

  describe("convolution", () => {
    const convolution = (cin: fc.Arbitrary<number>, side = dim(3, 9)) =>
      fc
        .record({
          n: dim(1, 3),
          cin,
          cout: dim(1, 5),
          kernel: fc.constantFrom(1, 2, 3, 5, 7),
          stride: dim(1, 3),
          padding: dim(0, 3),
          h: side,
          w: side,
          bias: fc.boolean(),
        })
        .filter(
          ({ kernel, padding, h, w }) =>
            padding < kernel && h + 2 * padding >= kernel && w + 2 * padding >= kernel,
        )
        .map(({ n, cin, cout, kernel, stride, padding, h, w, bias }) => ({
          shapes: [[n, cin, h, w], [cout, cin, kernel, kernel], ...(bias ? [[cout]] : [])],
          options: { stride, padding },
          build: ([x, k, b]: readonly Tensor[]) => g.conv(x, k, b, { stride, padding }),
          step: 0.1, // bilinear: any step is exact
        }));
    holds("few input channels", convolution(dim(1, 4)), 25);
    holds("many input channels", convolution(dim(5, 9)), 40);
    // More than 256 positions are computed in another layout, with any stride.
    holds("a large map", convolution(fc.constant(5), dim(16, 36)), 25);
    const innermost = (cin: fc.Arbitrary<number>) =>
      convolution(cin, dim(3, 11))
        .filter(({ shapes }) => shapes.length === 2)
        .map(({ shapes: [[n, c, h, w], kernel], options, ...rest }) => ({
          ...rest,
          shapes: [[h, w, c, n], kernel],
          build: ([x, k]: readonly Tensor[]) => g.convInnermost(x, k, options),
        }));
    holds(
      "pictures brought innermost",
      fc.tuple(dim(), dim(), dim(), dim()).map((shape) => ({
        shapes: [shape],
        build: ([x]) => g.picturesInnermost(x),
      })),
    );
    holds("pictures innermost, few input channels", innermost(dim(1, 4)), 25);
    holds("pictures innermost, many input channels", innermost(dim(5, 9)), 40);
  });

  describe("batch normalisation", () => {
    const shapes = fc
      .tuple(dim(2, 4), dim(1, 4), dim(2, 4), dim(2, 4))
      .map(([n, c, h, w]): readonly (readonly number[])[] => [[n, c, h, w], [c], [c]]);
    holds(
      "with the batch's statistics",
      shapes.map((s) => ({
        shapes: s,
        build: ([x, gamma, beta]) => g.batchNormTraining(x, gamma, beta).y,
      })),
      15,
    );
    holds(
      "with given statistics",
      shapes.map((s) => ({
        shapes: s,
        build: ([x, gamma, beta]) => {
          const c = gamma.shape[0] as number;
          const mean = x.graph.constant("float32", [c], new Float32Array(c).fill(0.3));
          const variance = x.graph.constant("float32", [c], new Float32Array(c).fill(1.7));
          return g.batchNormInference(x, gamma, beta, mean, variance);
        },
      })),
    );
  });

  describe("pooling", () => {
    const image = fc.tuple(dim(1, 3), dim(1, 3), dim(3, 7), dim(3, 7));
    holds(
      "globalAveragePool",
      image.map((shape) => ({ shapes: [shape], build: ([x]) => g.globalAveragePool(x) })),
    );
    holds(
      "maxPool with overlapping windows",
      image.map((shape) => ({
        shapes: [shape],
        step: 1e-4,
        tolerance: 5e-2,
        build: ([x]) => g.maxPool(x, 3, 2, 1),
      })),
    );
  });

  after(() => {
    if (share < 1) return;
    // Used inside gradients, on gradients, or on image sizes: nothing differentiates through them.
    const withoutGradient = [
      "Abs",
      "Cast",
      "Clip",
      "ConvTranspose",
      "Equal",
      "Floor",
      "HardSigmoid",
      "Max",
      "Min",
      "Range",
      "ScatterElements",
      "Shape",
      "SpaceToDepth",
    ];
    assert.deepEqual([...covered, ...withoutGradient].sort(), g.operatorTypes(), "every operator is checked");
  });
}
