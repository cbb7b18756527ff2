import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { Graph, gradients } from "../../training/graph/index.ts";
import { infoNce } from "../../training/losses/info-nce.ts";
import { hasTemperature, type KernelOptions, kernelNames } from "../../training/losses/kernels.ts";
import { permutation, type Random, randomStream } from "../../training/random.ts";
import { type InfoNceValue, infoNceReference } from "../support/info-nce.ts";
import { runGraph } from "../support/session.ts";

interface Batch {
  /** Embedding [2B, D], row-major. */
  readonly z: Float32Array;
  readonly dim: number;
  readonly temperature: number;
}

interface Evaluated extends InfoNceValue {
  readonly dz: Float32Array;
  /** Slope at the temperature; 0 for a kernel without one. */
  readonly dTemperature: number;
}

/** The loss and its slopes as the graph computes them. */
async function evaluate({ z, dim, temperature }: Batch, options: KernelOptions): Promise<Evaluated> {
  const graph = new Graph("loss");
  const shape = [z.length / dim, dim];
  const input = graph.input("z", "float32", shape);
  const tau = graph.input("temperature", "float32", []);
  const result = infoNce(input, options, tau);
  const wrt = hasTemperature(options.kernel) ? [input, tau] : [input];
  for (const name of ["loss", "alignment", "uniformity"] as const) graph.output(name, result[name]);
  for (const [i, slope] of gradients(result.loss, wrt).entries()) graph.output(["dz", "dt"][i], slope);
  const results = await runGraph(graph, {
    z: { shape, data: z },
    temperature: { shape: [], data: Float32Array.of(temperature) },
  });
  const number = (name: string) => Number(results[name]?.data[0] ?? 0);
  return {
    loss: number("loss"),
    alignment: number("alignment"),
    uniformity: number("uniformity"),
    dz: results.dz.data as Float32Array,
    dTemperature: number("dt"),
  };
}

interface Reference extends InfoNceValue {
  readonly dz: Float64Array;
  readonly dTemperature: number;
  /** The largest slope of the alignment or the uniformity, whose difference the loss is. */
  readonly slopeScale: number;
}

/** The same in double precision, its slopes by central differences. */
function reference({ z, dim, temperature }: Batch, options: KernelOptions, step = 1e-5): Reference {
  const values = Float64Array.from(z);
  const tau = Math.fround(temperature);
  const at = (temperature: number) => {
    const rows = Array.from({ length: values.length / dim }, (_, i) => [
      ...values.subarray(i * dim, (i + 1) * dim),
    ]);
    return infoNceReference(
      rows.slice(0, rows.length / 2),
      rows.slice(rows.length / 2),
      options,
      temperature,
    );
  };
  let slopeScale = 0;
  const difference = (change: (amount: number) => InfoNceValue) => {
    const [ahead, behind] = [change(step), change(-step)];
    const slope = (name: keyof InfoNceValue) => (ahead[name] - behind[name]) / (2 * step);
    slopeScale = Math.max(slopeScale, Math.abs(slope("alignment")), Math.abs(slope("uniformity")));
    return slope("loss");
  };
  const dz = values.map((held, i) =>
    difference((amount) => {
      values[i] = held + amount;
      const result = at(tau);
      values[i] = held;
      return result;
    }),
  );
  return { ...at(tau), dz, slopeScale, dTemperature: difference((amount) => at(tau + amount)) };
}

function assertClose(actual: number, expected: number, tolerance: number, what: string) {
  const error = Math.abs(actual - expected) / Math.max(1, Math.abs(expected));
  assert.ok(error <= tolerance, `${what}: ${actual}, expected ${expected}`);
}

/** Every slope to within a tolerance relative to `scale`. */
function assertSlopes(actual: Float32Array, expected: ArrayLike<number>, scale: number, tolerance: number) {
  actual.forEach((slope, i) => {
    const message = `slope ${i}: ${slope}, expected ${expected[i]}`;
    assert.ok(Math.abs(slope - expected[i]) <= tolerance * scale + 1e-7, message);
  });
}

const values = (count: number, next: () => number) => Float32Array.from({ length: count }, next);

/** Images near each other in the embedding, their two views nearer still: what training makes. */
function clusters(random: Random, images: number, dim: number, spread: number, jitter: number): Float32Array {
  const z = values(2 * images * dim, () => spread * random.normal());
  for (let i = 0; i < images * dim; i++) z[images * dim + i] = z[i] + jitter * random.normal();
  return z;
}

const seeds = fc.integer({ min: 0, max: 2 ** 31 - 1 });
const kernels: fc.Arbitrary<KernelOptions> = fc.record({
  kernel: fc.constantFrom(...kernelNames),
  degreesOfFreedom: fc.constantFrom(1, 0.5, 2, 7.5),
});

describe("against a direct implementation in double precision", () => {
  for (const [dim, numRuns, maxImages] of [
    [2, 60, 9],
    [3, 15, 6],
    [8, 10, 5],
    [9, 10, 5],
    [128, 12, 4],
  ]) {
    test(`loss, alignment, uniformity and slopes hold in ${dim} dimensions`, async () => {
      const batches = fc.record({
        options: kernels,
        images: fc.integer({ min: 2, max: maxImages }),
        spread: fc.constantFrom(0.1, 1, 5),
        temperature: fc.constantFrom(0.1, 0.5, 1),
        seed: seeds,
      });
      await fc.assert(
        fc.asyncProperty(batches, async ({ options, images, spread, temperature, seed }) => {
          // In many dimensions the same spread of each coordinate is a far greater distance.
          const scale = spread / Math.sqrt(dim);
          const batch = { z: clusters(randomStream(seed), images, dim, scale, scale / 2), dim, temperature };
          const actual = await evaluate(batch, options);
          const expected = reference(batch, options);
          for (const name of ["loss", "alignment", "uniformity"] as const) {
            assertClose(actual[name], expected[name], 1e-5, name);
          }
          assertSlopes(actual.dz, expected.dz, expected.slopeScale, 2e-5);
          if (hasTemperature(options.kernel)) {
            const scale = Math.max(1, expected.slopeScale);
            assertClose(actual.dTemperature / scale, expected.dTemperature / scale, 2e-5, "slope at τ");
          }
        }),
        { numRuns, seed: 11, endOnFailure: true, includeErrorInReport: true },
      );
    });
  }

  test("holds for two images, the smallest batch", async () => {
    for (const kernel of kernelNames) {
      for (const dim of [2, 128]) {
        const batch = { z: clusters(randomStream(kernel, dim), 2, dim, 1, 0.3), dim, temperature: 0.5 };
        const options = { kernel, degreesOfFreedom: 3 };
        const [actual, expected] = [await evaluate(batch, options), reference(batch, options)];
        assertClose(actual.loss, expected.loss, 1e-5, `loss of ${kernel} in ${dim} dimensions`);
        assertSlopes(actual.dz, expected.dz, expected.slopeScale, 2e-5);
      }
    }
  });

  test("student-t with one degree of freedom is cauchy", async () => {
    const batch = { z: clusters(randomStream("nu"), 5, 2, 2, 0.5), dim: 2, temperature: 1 };
    const student = await evaluate(batch, { kernel: "student-t", degreesOfFreedom: 1 });
    const cauchy = await evaluate(batch, { kernel: "cauchy", degreesOfFreedom: 1 });
    assertClose(student.loss, cauchy.loss, 1e-6, "loss");
  });
});

test("a far-flung 2-D map with neighbours 0.01 apart keeps its digits", async () => {
  const random = randomStream("far-flung");
  const images = 8;
  const z = values(4 * images, () => 400 * random.normal());
  // Image 2k + 1 lies 0.01 beside image 2k, and so do the second views.
  for (let i = 0; i < images; i++) {
    const [anchor, view] = [2 * (i - (i % 2)), 2 * (images + i)];
    for (const k of [0, 1]) {
      z[2 * i + k] = z[anchor + k] + (i % 2) * 0.01 * random.normal();
      z[view + k] = z[anchor + k] + 0.01 * random.normal();
    }
  }
  for (const kernel of ["cauchy", "student-t", "gaussian"] as const) {
    const options = { kernel, degreesOfFreedom: 0.5 };
    const batch = { z, dim: 2, temperature: 10 };
    const [actual, expected] = [await evaluate(batch, options), reference(batch, options, 1e-6)];
    assertClose(actual.alignment, expected.alignment, 1e-6, `alignment of ${kernel}`);
    assertClose(actual.uniformity, expected.uniformity, 1e-6, `uniformity of ${kernel}`);
    assertSlopes(actual.dz, expected.dz, expected.slopeScale, 1e-4);
  }
});

test("the order of the images does not matter, nor which view comes first", async () => {
  await fc.assert(
    fc.asyncProperty(kernels, fc.constantFrom(2, 16), seeds, async (options, dim, seed) => {
      const random = randomStream(seed);
      const images = 7;
      const z = clusters(random, images, dim, 1, 0.3);
      const order = permutation(images, random);
      const half = images * dim;
      const moved = (i: number) => {
        const [row, k] = [Math.floor(i / dim), i % dim];
        const swapped = row < images ? half : 0;
        return swapped + order[row % images] * dim + k;
      };
      const before = await evaluate({ z, dim, temperature: 0.5 }, options);
      const after = await evaluate({ z: z.map((_, i) => z[moved(i)]), dim, temperature: 0.5 }, options);
      assertClose(after.loss, before.loss, 2e-6, "loss");
      const largest = Math.max(...before.dz.map(Math.abs));
      assertSlopes(
        after.dz,
        before.dz.map((_, i) => before.dz[moved(i)]),
        largest,
        2e-5,
      );
    }),
    { numRuns: 15, seed: 12, endOnFailure: true },
  );
});

describe("extreme embeddings give a finite loss and finite slopes", () => {
  const random = randomStream("extreme");
  const images = 3;
  const embeddings: Record<string, (dim: number) => Float32Array> = {
    "all zero": (dim) => new Float32Array(2 * images * dim),
    "all the same": (dim) => values(2 * images * dim, () => 3.7),
    huge: (dim) => values(2 * images * dim, () => 1e6 * random.normal()),
    tiny: (dim) => values(2 * images * dim, () => 1e-20 * random.normal()),
    "one far out": (dim) => values(2 * images * dim, () => 1e-3 * random.normal()).fill(1e7, 0, dim),
  };
  for (const [name, make] of Object.entries(embeddings)) {
    for (const kernel of kernelNames) {
      test(`${name}, ${kernel}`, async () => {
        for (const dim of [2, 128]) {
          for (const temperature of [0.05, 5]) {
            const options = { kernel, degreesOfFreedom: 1 };
            const { dz, dTemperature, ...loss } = await evaluate({ z: make(dim), dim, temperature }, options);
            for (const value of [...Object.values(loss), dTemperature]) {
              assert.ok(Number.isFinite(value), `${JSON.stringify(loss)} in ${dim} dimensions`);
            }
            assert.ok(dz.every(Number.isFinite), `a slope is not finite in ${dim} dimensions`);
          }
        }
      });
    }
  }
});

test("an untrained batch of B images costs about log(2B − 1)", async () => {
  const images = 16;
  const { loss } = await evaluate(
    { z: new Float32Array(4 * images), dim: 2, temperature: 0.5 },
    { kernel: "cauchy", degreesOfFreedom: 1 },
  );
  assertClose(loss, Math.log(2 * images - 1), 1e-6, "loss of coinciding points");
});
