import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { viewRenderer } from "../../training/augmentations/apply.ts";
import { meanBorderColor } from "../../training/augmentations/border.ts";
import { drawView } from "../../training/augmentations/draw.ts";
import { augmentationPolicies } from "../../training/augmentations/policy.ts";
import { renderViews, type ViewOptions } from "../../training/augmentations/views.ts";
import { randomStream } from "../../training/random.ts";

const SIZE = 8;
const LENGTH = SIZE * SIZE * 3;
const options: ViewOptions = {
  seed: 5,
  stage: 1,
  epoch: 3,
  policy: augmentationPolicies["oriented-free"],
  size: SIZE,
  fill: [10, 20, 30],
};

const random = randomStream("pictures");
const pictures = Uint8Array.from({ length: 10 * LENGTH }, () => random.integer(256));

/** Two views of each picture. */
function views(indices: readonly number[], changed: Partial<ViewOptions> = {}): Float32Array {
  const rows = [...indices, ...indices];
  const images = new Uint8Array(rows.length * LENGTH);
  rows.forEach((index, i) => {
    images.set(pictures.subarray(index * LENGTH, (index + 1) * LENGTH), i * LENGTH);
  });
  const out = new Float32Array(images.length);
  renderViews(images, Uint32Array.from(rows), { ...options, ...changed }, out);
  return out;
}

const row = (batch: Float32Array, i: number) => batch.subarray(i * LENGTH, (i + 1) * LENGTH);

describe("renderViews", () => {
  test("each row is a draw of its own, by picture and half of the batch", () => {
    const batch = views([4, 9, 0]);
    for (let v = 0; v < 2; v++) {
      [4, 9, 0].forEach((index, i) => {
        const draw = drawView(randomStream(5, "view", 1, 3, index, v), SIZE, options.policy);
        const expected = new Float32Array(LENGTH);
        viewRenderer(SIZE, options.fill)(pictures, index * LENGTH, draw, expected, 0);
        assert.deepEqual(row(batch, v * 3 + i), expected);
      });
    }
  });

  test("a view does not depend on the rest of the batch", () => {
    const many = views([1, 2, 3, 4]);
    const one = views([3]);
    assert.deepEqual(row(one, 0), row(many, 2));
    assert.deepEqual(row(one, 1), row(many, 4 + 2));
  });

  test("views differ between each other, epochs, stages and seeds", () => {
    const batch = views([6]);
    assert.notDeepEqual(row(batch, 0), row(batch, 1));
    for (const changed of [{ epoch: 4 }, { stage: 2 }, { seed: 6 }]) {
      assert.notDeepEqual(row(views([6], changed), 0), row(batch, 0), JSON.stringify(changed));
    }
  });

  test("buffers that do not fit are refused", () => {
    const rows = Uint32Array.of(0, 1);
    assert.throws(() => renderViews(new Uint8Array(LENGTH), rows, options, new Float32Array(2 * LENGTH)));
    assert.throws(() => renderViews(new Uint8Array(2 * LENGTH), rows, options, new Float32Array(LENGTH)));
  });
});

describe("meanBorderColor", () => {
  test("counts each border pixel of each picture once, and no inner one", () => {
    // 3 × 3, the red channel of the border counting 1 … 8, its centre far off.
    const picture = Uint8Array.from([1, 2, 3, 4, 250, 5, 6, 7, 8].flatMap((red) => [red, 20, 30]));
    assert.deepEqual(meanBorderColor([picture], 3), [4.5, 20, 30]);
    assert.deepEqual(meanBorderColor([picture, new Uint8Array(27)], 3), [2.25, 10, 15]);
  });

  test("takes pictures of one pixel, and none", () => {
    assert.deepEqual(meanBorderColor([Uint8Array.of(7, 8, 9)], 1), [7, 8, 9]);
    assert.deepEqual(meanBorderColor([], 4), [0, 0, 0]);
  });
});
