// Our gradients against ONNX Runtime's own gradient kernels; and these kernels, so that they can be trusted as
// witnesses, against plain double-precision formulas.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  BATCH_NORM_EPSILON,
  batchNormTraining,
  conv,
  expand,
  Graph,
  globalAveragePool,
  gradients,
  logSumExp,
  maxPool,
  mul,
  reduceSum,
  relu,
  reshape,
  softmax,
  sub,
  type Tensor,
} from "../../training/graph/index.ts";
import { type BackboneName, backbone, backbones, type Stem } from "../../training/networks/backbone.ts";
import { TrainableModel } from "../../training/networks/model.ts";
import { randomStream } from "../../training/random.ts";
import { type KernelTensor, runKernel } from "../support/ort-training.ts";
import { runGraph } from "../support/session.ts";

const TOLERANCE = 1e-4;

interface Floats extends KernelTensor {
  readonly data: Float32Array;
}

const sizeOf = (shape: readonly number[]) => shape.reduce((product, dim) => product * dim, 1);

function normal(shape: readonly number[], ...keys: (string | number)[]): Floats {
  const random = randomStream("kernels", ...keys, ...shape);
  return { shape, data: Float32Array.from({ length: sizeOf(shape) }, () => random.normal()) };
}

/** The largest difference, relative to the largest expected value, is within the tolerance. */
function assertAgree(actual: ArrayLike<number>, expected: ArrayLike<number>, what: string): void {
  assert.equal(actual.length, expected.length, what);
  let difference = 0;
  let scale = 0;
  for (let i = 0; i < expected.length; i++) {
    difference = Math.max(difference, Math.abs(actual[i] - expected[i]));
    scale = Math.max(scale, Math.abs(expected[i]));
  }
  assert.ok(scale > 0, `${what}: nothing to compare`);
  assert.ok(difference <= TOLERANCE * scale, `${what}: differs by ${difference} at a scale of ${scale}`);
}

/** Gradients of Σ dy · y at the inputs, and y, from a graph of ours. */
async function ours(
  build: (inputs: readonly Tensor[]) => Tensor,
  inputs: readonly Floats[],
  dy: Floats,
): Promise<{ dx: Float32Array[]; y: Float32Array }> {
  const graph = new Graph("gradients");
  const tensors = inputs.map(({ shape }, i) => graph.input(`x${i}`, "float32", shape));
  const y = build(tensors);
  assert.deepEqual(y.shape, dy.shape);
  const axes = dy.shape.map((_, i) => i);
  const loss = reduceSum(mul(y, graph.input("dy", "float32", dy.shape)), axes);
  gradients(loss, tensors).forEach((gradient, i) => {
    graph.output(`dx${i}`, gradient);
  });
  graph.output("y", y);
  const values = await runGraph(graph, { ...Object.fromEntries(inputs.map((x, i) => [`x${i}`, x])), dy });
  return {
    dx: inputs.map((_, i) => values[`dx${i}`].data as Float32Array),
    y: values.y.data as Float32Array,
  };
}

interface ConvCase {
  readonly cin: number;
  readonly cout: number;
  readonly kernel: number;
  readonly stride: number;
  readonly padding: number;
}

const nameOf = ({ cin, cout, kernel, stride, padding }: ConvCase) =>
  `${cin}→${cout}, ${kernel}×${kernel}, stride ${stride}, padding ${padding}`;

const same = (value: number, count: number) => ({ ints: Array<number>(count).fill(value) });

function convInputs({ cin, cout, kernel, stride, padding }: ConvCase, size: number, batch = 2) {
  const out = Math.floor((size + 2 * padding - kernel) / stride) + 1;
  return {
    x: normal([batch, cin, size, size], "x"),
    w: normal([cout, cin, kernel, kernel], "w"),
    dy: normal([batch, cout, out, out], "dy"),
  };
}

/** dX and dW by ConvGrad. */
function convKernel({ kernel, stride, padding }: ConvCase, x: Floats, w: Floats, dy: Floats) {
  const attributes = {
    kernel_shape: same(kernel, 2),
    strides: same(stride, 2),
    pads: same(padding, 4),
    dilations: same(1, 2),
    group: { int: 1 },
  };
  return runKernel("ConvGrad", [dy, x, w], attributes, [x.shape, w.shape]);
}

/** Per channel of [N, C, H, W], in double precision: mean and 1/√(variance + ε). */
function channelStatistics({ shape, data }: Floats) {
  const [n, c, h, w] = shape;
  const statistics = Array.from({ length: c }, (_, channel) => {
    const values = Array.from({ length: n }, (_, i) => {
      const start = (i * c + channel) * h * w;
      return [...data.subarray(start, start + h * w)];
    }).flat();
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
    return { mean, inverseDeviation: 1 / Math.sqrt(variance + BATCH_NORM_EPSILON), count: values.length };
  });
  const perChannel = (pick: (s: (typeof statistics)[number]) => number): Floats => ({
    shape: [c],
    data: Float32Array.from(statistics, pick),
  });
  return {
    statistics,
    mean: perChannel((s) => s.mean),
    inverseDeviation: perChannel((s) => s.inverseDeviation),
  };
}

/** dX, dγ and dβ by BatchNormalizationGrad, which is given the inverse deviation in the place of the variance. */
function batchNormKernel(x: Floats, gamma: Floats, dy: Floats) {
  const { mean, inverseDeviation } = channelStatistics(x);
  return runKernel(
    "BatchNormalizationGrad",
    [dy, x, gamma, mean, inverseDeviation],
    { epsilon: { float: BATCH_NORM_EPSILON } },
    [x.shape, gamma.shape, gamma.shape],
  );
}

/** Applies a function of rows to each row of a matrix. */
function rows({ shape, data }: Floats, change: (row: Float32Array, index: number) => number[]): number[] {
  const width = shape.at(-1)!;
  return Array.from({ length: data.length / width }, (_, i) =>
    change(data.subarray(i * width, (i + 1) * width), i),
  ).flat();
}

const softmaxOf = (row: ArrayLike<number>) => {
  const exponentials = Array.from(row, Math.exp);
  const sum = exponentials.reduce((a, b) => a + b);
  return exponentials.map((value) => value / sum);
};

const dot = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a).reduce((sum, value, i) => sum + value * b[i], 0);

describe("ONNX Runtime's kernels compute what their names say", () => {
  for (const kernel of [1, 3, 7]) {
    for (const stride of [1, 2]) {
      for (const padding of [0, 1, 3].filter((p) => p <= kernel >> 1)) {
        const shape = { cin: 3, cout: 4, kernel, stride, padding };
        test(`ConvGrad, ${nameOf(shape)}`, async () => {
          const { x, w, dy } = convInputs(shape, 9);
          const dx = new Float64Array(x.data.length);
          const dw = new Float64Array(w.data.length);
          const [n, cout, height, width] = dy.shape;
          for (let image = 0; image < n; image++)
            for (let o = 0; o < cout; o++)
              for (let row = 0; row < height; row++)
                for (let column = 0; column < width; column++) {
                  const g = dy.data[((image * cout + o) * height + row) * width + column];
                  for (let c = 0; c < 3; c++)
                    for (let i = 0; i < kernel; i++)
                      for (let j = 0; j < kernel; j++) {
                        const y = row * stride + i - padding;
                        const z = column * stride + j - padding;
                        if (y < 0 || y >= 9 || z < 0 || z >= 9) continue;
                        const atX = ((image * 3 + c) * 9 + y) * 9 + z;
                        const atW = ((o * 3 + c) * kernel + i) * kernel + j;
                        dx[atX] += g * w.data[atW];
                        dw[atW] += g * x.data[atX];
                      }
                }
          const [kernelDx, kernelDw] = await convKernel(shape, x, w, dy);
          assertAgree(kernelDx, dx, "dX");
          assertAgree(kernelDw, dw, "dW");
        });
      }
    }
  }

  test("BatchNormalizationGrad", async () => {
    const [x, gamma, dy] = [normal([3, 4, 5, 2], "x"), normal([4], "gamma"), normal([3, 4, 5, 2], "dy")];
    const { statistics } = channelStatistics(x);
    const channel = (i: number) => Math.floor(i / 10) % 4;
    const standardised = Float64Array.from(x.data, (value, i) => {
      const { mean, inverseDeviation } = statistics[channel(i)];
      return (value - mean) * inverseDeviation;
    });
    const dGamma = new Float64Array(4);
    const dBeta = new Float64Array(4);
    dy.data.forEach((g, i) => {
      dGamma[channel(i)] += g * standardised[i];
      dBeta[channel(i)] += g;
    });
    const dx = Float64Array.from(dy.data, (g, i) => {
      const c = channel(i);
      const { inverseDeviation, count } = statistics[c];
      return gamma.data[c] * inverseDeviation * (g - (dBeta[c] + standardised[i] * dGamma[c]) / count);
    });
    const actual = await batchNormKernel(x, gamma, dy);
    [dx, dGamma, dBeta].forEach((expected, i) => {
      assertAgree(actual[i], expected, ["dX", "dγ", "dβ"][i]);
    });
  });

  test("ReluGrad", async () => {
    const [x, dy] = [normal([4, 30], "x"), normal([4, 30], "dy")];
    const [dx] = await runKernel("ReluGrad", [dy, x], {}, [x.shape]);
    assertAgree(
      dx,
      dy.data.map((g, i) => (x.data[i] > 0 ? g : 0)),
      "dX",
    );
  });

  test("SoftmaxGrad_13 and LogSoftmaxGrad_13", async () => {
    const [x, dy] = [normal([5, 9], "x"), normal([5, 9], "dy")];
    const row = (i: number) => dy.data.subarray(i * 9, (i + 1) * 9);
    const y = { shape: x.shape, data: Float32Array.from(rows(x, softmaxOf)) };
    const logY = { shape: x.shape, data: y.data.map(Math.log) };
    const axis = { axis: { int: -1 } };
    const [softmaxDx] = await runKernel("SoftmaxGrad_13", [dy, y], axis, [x.shape]);
    const [logSoftmaxDx] = await runKernel("LogSoftmaxGrad_13", [dy, logY], axis, [x.shape]);
    assertAgree(
      softmaxDx,
      rows(x, (values, i) => softmaxOf(values).map((p, j, all) => p * (row(i)[j] - dot(all, row(i))))),
      "softmax",
    );
    assertAgree(
      logSoftmaxDx,
      rows(x, (values, i) => {
        const sum = row(i).reduce((a, b) => a + b);
        return softmaxOf(values).map((p, j) => row(i)[j] - p * sum);
      }),
      "log-softmax",
    );
  });

  test("a kernel that is not there is named", async () => {
    await assert.rejects(runKernel("NoSuchGrad", [normal([2], "x")], {}, [[2]]), /NoSuchGrad/);
  });
});

/** Every kind of convolution in the backbones, with both stems. */
function convolutionsInUse(): ConvCase[] {
  const found = new Map<string, ConvCase>();
  for (const name of Object.keys(backbones) as BackboneName[]) {
    for (const stem of ["cifar", "imagenet"] satisfies Stem[]) {
      const graph = new Graph("network");
      const images = graph.input("images", "float32", [1, 3, 64, 64]);
      backbone(new TrainableModel(graph, "evaluation"), images, { backbone: name, stem, width: 1 });
      for (const { type, inputs, attributes } of graph.nodes) {
        if (type !== "Conv") continue;
        const [cout, cin, kernel] = inputs[1]!.shape as number[];
        const [stride] = (attributes.strides as { ints: number[] }).ints;
        const [padding] = (attributes.pads as { ints: number[] }).ints;
        const shape = { cin, cout, kernel, stride, padding };
        found.set(nameOf(shape), shape);
      }
    }
  }
  return [...found.values()];
}

describe("our gradients agree with ONNX Runtime's", () => {
  const cases = convolutionsInUse();

  test("the convolutions in use are found", () => {
    const names = cases.map(nameOf);
    for (const expected of [
      "3→64, 7×7, stride 2, padding 3",
      "3→64, 3×3, stride 1, padding 1",
      "3→32, 3×3, stride 2, padding 1",
      "512→512, 3×3, stride 1, padding 1",
      "64→128, 3×3, stride 2, padding 1",
      "256→512, 1×1, stride 2, padding 0",
      "512→2048, 1×1, stride 1, padding 0",
    ]) {
      assert.ok(names.includes(expected), expected);
    }
  });

  for (const shape of cases) {
    test(`convolution, ${nameOf(shape)}`, async () => {
      // An even and an odd size: with a stride they leave a different rest.
      for (const size of shape.stride === 1 ? [5] : [8, 7]) {
        const { x, w, dy } = convInputs(shape, size);
        const { stride, padding } = shape;
        const build = ([a, b]: readonly Tensor[]) => conv(a, b, undefined, { stride, padding });
        const [expected, { dx }] = [await convKernel(shape, x, w, dy), await ours(build, [x, w], dy)];
        assertAgree(dx[0], expected[0], `dX at ${size}`);
        assertAgree(dx[1], expected[1], `dW at ${size}`);
      }
    });
  }

  // Means of up to ten deviations: beyond that the one-pass variance loses digits.
  for (const [shape, offset] of [
    [[1, 8, 4, 4], 0.7],
    [[4, 64, 8, 8], 10],
    [[16, 512, 1, 1], -3],
    [[3, 5, 7, 2], 0],
  ] as [number[], number][]) {
    test(`batch normalisation, ${shape.join(" × ")}, mean ${offset}`, async () => {
      const { data } = normal(shape, "x");
      const x = { shape, data: data.map((value) => value + offset) };
      const channels = [shape[1]];
      const [gamma, beta, dy] = [normal(channels, "gamma"), normal(channels, "beta"), normal(shape, "dy")];
      const expected = await batchNormKernel(x, gamma, dy);
      const { dx } = await ours(([a, b, c]) => batchNormTraining(a, b, c).y, [x, gamma, beta], dy);
      ["dX", "dγ", "dβ"].forEach((what, i) => {
        assertAgree(dx[i], expected[i], what);
      });
    });
  }

  test("ReLU, at zero too", async () => {
    const { shape, data } = normal([4, 25], "x");
    const x = {
      shape,
      data: data.map((value, i) => (i % 7 === 0 ? 0 : i % 7 === 1 ? value * 1e-20 : value)),
    };
    const dy = normal(shape, "dy");
    const [expected] = await runKernel("ReluGrad", [dy, x], {}, [shape]);
    const { dx } = await ours(([a]) => relu(a), [x], dy);
    assert.deepEqual(
      dx[0].map((value) => value + 0),
      expected.map((value) => value + 0),
    );
  });

  for (const shape of [
    [2, 3],
    [64, 127],
  ]) {
    test(`softmax, ${shape.join(" × ")}`, async () => {
      const [{ data }, dy] = [normal(shape, "x"), normal(shape, "dy")];
      const x = { shape, data: data.map((value) => 3 * value) };
      const { dx, y } = await ours(([a]) => softmax(a), [x], dy);
      const [expected] = await runKernel("SoftmaxGrad_13", [dy, { shape, data: y }], { axis: { int: -1 } }, [
        shape,
      ]);
      assertAgree(dx[0], expected, "dX");
    });

    test(`log-softmax by log-sum-exp, ${shape.join(" × ")}`, async () => {
      const [{ data }, dy] = [normal(shape, "x"), normal(shape, "dy")];
      const x = { shape, data: data.map((value) => 3 * value) };
      const build = ([a]: readonly Tensor[]) => sub(a, expand(reshape(logSumExp(a), [shape[0], 1]), shape));
      const { dx, y } = await ours(build, [x], dy);
      const logY = { shape, data: y };
      const [expected] = await runKernel("LogSoftmaxGrad_13", [dy, logY], { axis: { int: -1 } }, [shape]);
      assertAgree(dx[0], expected, "dX");
    });
  }

  test("max-pool of the stem", async () => {
    const x = normal([2, 3, 8, 8], "x");
    const dy = normal([2, 3, 4, 4], "dy");
    const graph = new Graph("indices");
    maxPool(graph.input("x", "float32", x.shape), 3, 2, 1);
    graph.output("indices", graph.nodes[0].outputs[1]);
    const { indices } = await runGraph(graph, { x });
    const places = { shape: dy.shape, data: indices.data as BigInt64Array };
    const [expected] = await runKernel("MaxPoolGrad", [dy, places], {}, [x.shape], "");
    const { dx } = await ours(([a]) => maxPool(a, 3, 2, 1), [x], dy);
    assertAgree(dx[0], expected, "dX");
  });

  test("global average pool", async () => {
    const x = normal([2, 3, 5, 5], "x");
    const dy = normal([2, 3], "dy");
    const attributes = { kernel_shape: same(5, 2), strides: same(1, 2) };
    const pooled = { shape: [2, 3, 1, 1], data: dy.data };
    const [expected] = await runKernel("AveragePoolGrad", [pooled], attributes, [x.shape], "");
    const { dx } = await ours(([a]) => globalAveragePool(a), [x], dy);
    assertAgree(dx[0], expected, "dX");
  });
});
