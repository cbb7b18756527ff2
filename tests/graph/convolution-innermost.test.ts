// The layout [H, W, C, N] against ONNX Runtime's own convolution.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { nodeRuntime } from "../../models/runtime.node.ts";
import {
  conv,
  convInnermost,
  Graph,
  picturesInnermost,
  serialize,
  sizeOf,
  transpose,
} from "../../training/graph/index.ts";
import { randomStream } from "../../training/random.ts";
import { assertClose } from "../support/close.ts";

async function bothWays(
  shape: readonly number[],
  kernel: readonly number[],
  options: { stride: number; padding: number },
) {
  const graph = new Graph("convolutions");
  const x = graph.input("x", "float32", shape);
  const w = graph.input("w", "float32", kernel);
  graph.output("expected", conv(x, w, undefined, options));
  graph.output("y", transpose(convInnermost(picturesInnermost(x), w, options), [3, 2, 0, 1]));
  const session = await nodeRuntime.createSession(serialize(graph));
  const random = randomStream(shape.join(), kernel.join());
  const fed = (dims: readonly number[]) =>
    new nodeRuntime.Tensor(
      "float32",
      Float32Array.from({ length: sizeOf(dims) }, () => random.normal()),
      dims,
    );
  const { y, expected } = await session.run({ x: fed(shape), w: fed(kernel) });
  await session.release();
  assert.deepEqual(y.dims, expected.dims);
  return { y: y.data as Float32Array, expected: expected.data as Float32Array };
}

describe("a convolution with pictures innermost", () => {
  test("is the convolution", async () => {
    const whole = (min: number, max: number) => fc.integer({ min, max });
    const cases = fc
      .record({
        n: whole(1, 3),
        cin: whole(1, 9),
        cout: whole(1, 5),
        kernel: fc.constantFrom(1, 2, 3, 5, 7),
        stride: whole(1, 3),
        padding: whole(0, 3),
        h: whole(1, 19),
        w: whole(1, 19),
      })
      .filter(({ kernel, padding, h, w }) => Math.min(h, w) + 2 * padding >= kernel);
    await fc.assert(
      fc.asyncProperty(cases, async ({ n, cin, cout, kernel, stride, padding, h, w }) => {
        const { y, expected } = await bothWays([n, cin, h, w], [cout, cin, kernel, kernel], {
          stride,
          padding,
        });
        assertClose(y, expected, 1e-4, "y");
      }),
      { numRuns: 60, seed: 7 },
    );
  });

  test("rounds hardly worse with many channels", async () => {
    const { y, expected } = await bothWays([4, 256, 8, 8], [16, 256, 3, 3], { stride: 1, padding: 1 });
    assertClose(y, expected, 1e-5, "y");
  });

  test("what does not fit is refused", () => {
    const graph = new Graph("refused");
    const x = graph.input("x", "float32", [4, 4, 5, 2]);
    const w = (shape: readonly number[]) => graph.input(`w${shape}`, "float32", shape);
    assert.throws(() => convInnermost(x, w([3, 4, 3, 3])), /the number of channels differs/);
    assert.throws(() => convInnermost(x, w([3, 5, 7, 7])), /the kernel is larger than the image/);
  });
});
