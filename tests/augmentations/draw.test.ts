import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { drawView, type ViewDraw } from "../../training/augmentations/draw.ts";
import { type AugmentationPolicy, augmentationPolicies } from "../../training/augmentations/policy.ts";
import { randomStream } from "../../training/random.ts";

const SIZE = 64;
const COUNT = 20_000;
const { natural, "oriented-free": orientedFree } = augmentationPolicies;

/** Views of unrelated pictures, drawn as the loader draws them. */
function draws(policy: AugmentationPolicy, size = SIZE, count = COUNT): ViewDraw[] {
  return Array.from({ length: count }, (_, i) => drawView(randomStream(7, "view", 1, 0, i, 0), size, policy));
}

/** Five standard deviations of a binomial: with a fixed seed, a true deviation and not bad luck. */
function assertShare(views: readonly ViewDraw[], holds: (view: ViewDraw) => boolean, expected: number): void {
  const share = views.filter(holds).length / views.length;
  const bound = 5 * Math.sqrt((expected * (1 - expected)) / views.length);
  assert.ok(Math.abs(share - expected) <= bound, `share ${share}, expected ${expected} ± ${bound}`);
}

/** Uniform on the range: inside it, and mean and variance as they must be. */
function assertUniform(values: readonly number[], low: number, high: number): void {
  assert.ok(
    values.every((value) => value >= low && value <= high),
    `all within ${low} … ${high}`,
  );
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  const width = high - low;
  assert.ok(Math.abs(mean - (low + high) / 2) < (5 * width) / Math.sqrt(12 * values.length), `mean ${mean}`);
  assert.ok(Math.abs(variance / (width ** 2 / 12) - 1) < 0.05, `variance ${variance}`);
}

const amounts = (views: readonly ViewDraw[], kind: string) =>
  views.flatMap((view) => view.colors.filter((color) => color.kind === kind)).map((color) => color.amount);

describe("drawView", () => {
  const views = draws(natural);

  test("crops lie in the picture and keep to the ranges of area and aspect", () => {
    for (const { crop } of views) {
      assert.ok(crop.top >= 0 && crop.left >= 0 && crop.height > 0 && crop.width > 0);
      assert.ok(crop.top + crop.height <= SIZE && crop.left + crop.width <= SIZE);
      // Rounding the sides moves the area by at most half a pixel on each.
      const slack = (crop.height + crop.width + 1) / 2 / SIZE ** 2;
      const area = (crop.height * crop.width) / SIZE ** 2;
      assert.ok(area >= 0.2 - slack && area <= 1, `area ${area}`);
      const ratio = crop.width / crop.height;
      assert.ok(ratio > 3 / 4 / 1.04 && ratio < (4 / 3) * 1.04, `ratio ${ratio}`);
    }
    const areas = views.map(({ crop }) => (crop.height * crop.width) / SIZE ** 2);
    assert.ok(Math.min(...areas) < 0.22 && Math.max(...areas) > 0.97, "the range of areas is used in full");
  });

  test("small crops are spread evenly in area and over the picture", () => {
    // Up to half the area no aspect of the range sticks out, so nothing is drawn again there.
    const small = views.map(({ crop }) => crop).filter((crop) => crop.height * crop.width < SIZE ** 2 / 2);
    const areas = small.map((crop) => (crop.height * crop.width) / SIZE ** 2).filter((area) => area > 0.2);
    assertUniform(areas, 0.2, 0.5);
    const logRatios = small.map((crop) => Math.log(crop.width / crop.height));
    assertUniform(
      logRatios.map((value) => Math.max(-Math.log(4 / 3), Math.min(value, Math.log(4 / 3)))),
      -Math.log(4 / 3),
      Math.log(4 / 3),
    );
    for (const side of ["top", "left"] as const) {
      const length = side === "top" ? "height" : "width";
      assertUniform(
        small.map((crop) => (crop[side] + 0.5) / (SIZE - crop[length] + 1)),
        0,
        1,
      );
    }
  });

  test("flips, colour changes and gray come as often as the policy says", () => {
    assertShare(views, (view) => view.horizontalFlip, 0.5);
    assertShare(views, (view) => view.verticalFlip, 0);
    assertShare(views, (view) => view.colors.length > 0, 0.8);
    assertShare(views, (view) => view.grayscale, 0.2);
    assertShare(views, (view) => view.grayscale && view.horizontalFlip && view.colors.length > 0, 0.08);
    assert.ok(views.every((view) => view.rotation === 0));
  });

  test("colour amounts are uniform, and all four come in each of the 24 orders", () => {
    for (const kind of ["brightness", "contrast", "saturation"])
      assertUniform(amounts(views, kind), 0.6, 1.4);
    assertUniform(amounts(views, "hue"), -0.1, 0.1);
    const changed = views.filter((view) => view.colors.length > 0);
    const orders = new Set(changed.map((view) => view.colors.map((color) => color.kind).join()));
    assert.equal(orders.size, 24);
    for (const order of orders) {
      assertShare(changed, (view) => view.colors.map((color) => color.kind).join() === order, 1 / 24);
    }
  });

  test("the oriented-free policy also turns by any angle and flips upside down", () => {
    const free = draws(orientedFree);
    assertUniform(
      free.map((view) => view.rotation),
      -Math.PI,
      Math.PI,
    );
    assertShare(free, (view) => view.verticalFlip, 0.5);
    assertShare(free, (view) => view.verticalFlip && view.horizontalFlip, 0.25);
  });

  test("where no crop fits, the largest central one is taken", () => {
    const wide = drawView(randomStream(1), 40, { ...natural, cropScale: [1, 1], cropRatio: [4, 4] });
    assert.deepEqual(wide.crop, { top: 15, left: 0, height: 10, width: 40 });
    const tall = drawView(randomStream(1), 40, { ...natural, cropScale: [1, 1], cropRatio: [1 / 4, 1 / 4] });
    assert.deepEqual(tall.crop, { top: 0, left: 15, height: 40, width: 10 });
    const square = drawView(randomStream(1), 40, { ...natural, cropScale: [1.1, 1.1] });
    assert.deepEqual(square.crop, { top: 0, left: 0, height: 40, width: 40 });
  });

  test("a picture of one pixel has a crop", () => {
    for (const view of draws(orientedFree, 1, 50)) {
      assert.deepEqual(view.crop, { top: 0, left: 0, height: 1, width: 1 });
    }
  });

  test("the same stream gives the same view, another one another", () => {
    const view = (...keys: number[]) => drawView(randomStream(...keys), SIZE, orientedFree);
    assert.deepEqual(view(1, 2), view(1, 2));
    assert.notDeepEqual(view(1, 2), view(1, 3));
  });

  test("strengths of nothing change nothing", () => {
    const still: AugmentationPolicy = {
      rotation: 0,
      cropScale: [1, 1],
      cropRatio: [1, 1],
      horizontalFlip: 0,
      verticalFlip: 0,
      colorJitter: { probability: 0, brightness: 0, contrast: 0, saturation: 0, hue: 0 },
      grayscale: 0,
    };
    assert.deepEqual(drawView(randomStream(3), SIZE, still), {
      rotation: 0,
      crop: { top: 0, left: 0, height: SIZE, width: SIZE },
      horizontalFlip: false,
      verticalFlip: false,
      colors: [],
      grayscale: false,
    });
  });
});
