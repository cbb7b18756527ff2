// Each view is compared with a plain double-precision version written here, straight from the definitions.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { viewRenderer } from "../../training/augmentations/apply.ts";
import { type ColorAdjustment, drawView, type ViewDraw } from "../../training/augmentations/draw.ts";
import { augmentationPolicies } from "../../training/augmentations/policy.ts";
import type { Color } from "../../training/augmentations/rotate.ts";
import { randomStream } from "../../training/random.ts";

type Pixel = [number, number, number];
type Picture = Pixel[][];

const FILL: Color = [30, 200, 90];

const still = (size: number): ViewDraw => ({
  rotation: 0,
  crop: { top: 0, left: 0, height: size, width: size },
  horizontalFlip: false,
  verticalFlip: false,
  colors: [],
  grayscale: false,
});

/** Noise, with flat gray, black and white pixels and saturated colours among it. */
function noise(size: number, seed: number): Uint8Array {
  const random = randomStream(seed, "noise");
  const special = [0, 0, 0, 255, 255, 255, 128, 128, 128, 255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 0];
  return Uint8Array.from({ length: size * size * 3 }, (_, i) => special[i] ?? random.integer(256));
}

function render(source: Uint8Array, size: number, draw: ViewDraw): Float32Array {
  const out = new Float32Array(size * size * 3);
  viewRenderer(size, FILL)(source, 0, draw, out, 0);
  return out;
}

const toPicture = (bytes: Uint8Array, size: number): Picture =>
  Array.from({ length: size }, (_, y) =>
    Array.from({ length: size }, (_, x) => {
      const at = (y * size + x) * 3;
      return [bytes[at], bytes[at + 1], bytes[at + 2]] satisfies Pixel;
    }),
  );

const toPlanes = (picture: Picture): number[] =>
  [0, 1, 2].flatMap((c) => picture.flatMap((row) => row.map((pixel) => pixel[c])));

/** The value at a position between pixels, the weights being those of a tent on each axis. */
function bilinear(at: (y: number, x: number) => Pixel, y: number, x: number): Pixel {
  const result: Pixel = [0, 0, 0];
  for (const row of [Math.floor(y), Math.floor(y) + 1]) {
    for (const column of [Math.floor(x), Math.floor(x) + 1]) {
      const weight = (1 - Math.abs(y - row)) * (1 - Math.abs(x - column));
      for (let c = 0; c < 3; c++) result[c] += weight * at(row, column)[c];
    }
  }
  return result;
}

const limit = (value: number, low: number, high: number) => Math.min(Math.max(value, low), high);
const gray = ([r, g, b]: Pixel) => 0.2989 * r + 0.587 * g + 0.114 * b;
const map = (picture: Picture, change: (pixel: Pixel) => number[]): Picture =>
  picture.map((row) => row.map((pixel) => change(pixel).map((value) => limit(value, 0, 1)) as Pixel));

function hsv([r, g, b]: Pixel): [hue: number, saturation: number, value: number] {
  const value = Math.max(r, g, b);
  const chroma = value - Math.min(r, g, b);
  if (chroma === 0) return [0, 0, value];
  const sixths = value === r ? (g - b) / chroma : value === g ? 2 + (b - r) / chroma : 4 + (r - g) / chroma;
  return [(sixths / 6 + 1) % 1, chroma / value, value];
}

function rgb(hue: number, saturation: number, value: number): Pixel {
  const sector = Math.floor(hue * 6);
  const rest = hue * 6 - sector;
  const p = value * (1 - saturation);
  const q = value * (1 - saturation * rest);
  const t = value * (1 - saturation * (1 - rest));
  const sectors: Pixel[] = [
    [value, t, p],
    [q, value, p],
    [p, value, t],
    [p, q, value],
    [t, p, value],
    [value, p, q],
  ];
  return sectors[sector % 6];
}

function adjusted(picture: Picture, { kind, amount }: ColorAdjustment): Picture {
  const blend = (pixel: Pixel, other: number) => pixel.map((value) => amount * value + (1 - amount) * other);
  if (kind === "brightness") return map(picture, (pixel) => blend(pixel, 0));
  if (kind === "saturation") return map(picture, (pixel) => blend(pixel, gray(pixel)));
  if (kind === "contrast") {
    const grays = picture.flat().map(gray);
    const mean = grays.reduce((sum, value) => sum + value, 0) / grays.length;
    return map(picture, (pixel) => blend(pixel, mean));
  }
  return map(picture, (pixel) => {
    const [hue, saturation, value] = hsv(pixel);
    return rgb((((hue + amount) % 1) + 1) % 1, saturation, value);
  });
}

function reference(source: Uint8Array, size: number, draw: ViewDraw): number[] {
  let picture = toPicture(source, size);
  if (draw.rotation !== 0) {
    const from = picture;
    const centre = (size - 1) / 2;
    const at = (y: number, x: number) => from[y]?.[x] ?? ([...FILL] as Pixel);
    picture = from.map((row, y) =>
      row.map((_, x) => {
        // Polar coordinates with y upwards; the pixel comes from where the rotation has not yet taken it.
        const radius = Math.hypot(x - centre, centre - y);
        const angle = Math.atan2(centre - y, x - centre) - draw.rotation;
        const values = bilinear(at, centre - radius * Math.sin(angle), centre + radius * Math.cos(angle));
        return values.map(Math.round) as Pixel;
      }),
    );
  }
  const { top, left, height, width } = draw.crop;
  const cropped = picture.slice(top, top + height).map((row) => row.slice(left, left + width));
  const clamped = (y: number, x: number) => cropped[limit(y, 0, height - 1)][limit(x, 0, width - 1)];
  picture = picture.map((row, y) =>
    row.map((_, x) => {
      const values = bilinear(clamped, ((y + 0.5) * height) / size - 0.5, ((x + 0.5) * width) / size - 0.5);
      return values.map((value) => value / 255) as Pixel;
    }),
  );
  if (draw.horizontalFlip) picture = picture.map((row) => [...row].reverse());
  if (draw.verticalFlip) picture = [...picture].reverse();
  for (const color of draw.colors) picture = adjusted(picture, color);
  if (draw.grayscale) picture = map(picture, (pixel) => [gray(pixel), gray(pixel), gray(pixel)]);
  return toPlanes(picture);
}

function assertClose(actual: Float32Array, expected: readonly number[], tolerance: number): void {
  assert.equal(actual.length, expected.length);
  const worst = expected.reduce((max, value, i) => Math.max(max, Math.abs(value - actual[i])), 0);
  assert.ok(worst <= tolerance, `differs by ${worst}`);
}

/** Rounding to float32 after every step, on values up to 1. */
const TOLERANCE = 1e-6;

describe("viewRenderer", () => {
  test("the still draw gives the picture exactly", () => {
    const size = 16;
    const source = Uint8Array.from({ length: size * size * 3 }, (_, i) => i % 256);
    const expected = toPlanes(toPicture(source, size)).map((value) => Math.fround(value / 255));
    assert.deepEqual([...render(source, size, still(size))], expected);
  });

  test("flips mirror the picture exactly", () => {
    const size = 9;
    const source = noise(size, 1);
    const plain = render(source, size, still(size));
    const horizontal = render(source, size, { ...still(size), horizontalFlip: true });
    const vertical = render(source, size, { ...still(size), verticalFlip: true });
    for (let row = 0; row < 3 * size; row++) {
      const line = [...plain.subarray(row * size, (row + 1) * size)];
      assert.deepEqual([...horizontal.subarray(row * size, (row + 1) * size)], line.reverse());
    }
    for (let c = 0; c < 3; c++) {
      for (let y = 0; y < size; y++) {
        const at = (c * size + y) * size;
        const mirrored = (c * size + size - 1 - y) * size;
        assert.deepEqual(vertical.subarray(at, at + size), plain.subarray(mirrored, mirrored + size));
      }
    }
  });

  test("a crop knows nothing of the pixels around it", () => {
    const size = 12;
    const crop = { top: 3, left: 2, height: 5, width: 7 };
    const source = noise(size, 2);
    const other = source.map((value, i) => {
      const y = Math.floor(i / 3 / size) - crop.top;
      const x = (Math.floor(i / 3) % size) - crop.left;
      return y >= 0 && y < crop.height && x >= 0 && x < crop.width ? value : 255 - value;
    });
    assert.notDeepEqual(source, other);
    assert.deepEqual(
      render(source, size, { ...still(size), crop }),
      render(other, size, { ...still(size), crop }),
    );
  });

  test("gray has three equal channels", () => {
    const size = 8;
    const view = render(noise(size, 3), size, { ...still(size), grayscale: true });
    const [red, green, blue] = [0, 1, 2].map((c) => view.subarray(c * size ** 2, (c + 1) * size ** 2));
    assert.deepEqual(red, green);
    assert.deepEqual(red, blue);
  });

  for (const kind of ["brightness", "contrast", "saturation", "hue"] as const) {
    test(`${kind} follows its definition`, () => {
      const size = 12;
      const values = kind === "hue" ? [-0.5, -0.3, -0.1, 0, 0.03, 0.1, 0.3, 0.5] : [0, 0.3, 0.6, 1, 1.4, 3];
      for (const amount of values) {
        const source = noise(size, 4);
        const draw = { ...still(size), colors: [{ kind, amount }] };
        assertClose(render(source, size, draw), reference(source, size, draw), TOLERANCE);
      }
    });
  }

  test("a third of the colour circle turns red into green, and green into blue", () => {
    const source = Uint8Array.from([200, 40, 40, 40, 200, 40, 40, 40, 200, 90, 90, 90]);
    const view = render(source, 2, { ...still(2), colors: [{ kind: "hue", amount: 1 / 3 }] });
    const expected = [40, 40, 200, 90, 200, 40, 40, 90, 40, 200, 40, 90].map((value) => value / 255);
    assertClose(view, expected, TOLERANCE);
  });

  test("a quarter turn moves what is right to the top", () => {
    const size = 5;
    const source = noise(size, 5);
    const turned = render(source, size, { ...still(size), rotation: Math.PI / 2 });
    const from = toPicture(source, size);
    const expected = from.map((row, y) =>
      row.map((_, x) => from[x][size - 1 - y].map((v) => v / 255) as Pixel),
    );
    assertClose(turned, toPlanes(expected), TOLERANCE);
  });

  test("an eighth of a turn brings the fill colour into the corners", () => {
    const size = 32;
    const turned = render(noise(size, 6), size, { ...still(size), rotation: Math.PI / 4 });
    FILL.forEach((value, c) => {
      assert.equal(turned[c * size * size], Math.fround(value / 255));
    });
  });

  test("any rotation follows its definition, to the rounding of 8 bits", () => {
    const size = 13;
    for (const rotation of [-3, -1.2, -0.01, 0.4, 1.9, 3.1]) {
      const source = noise(size, 7);
      const draw = { ...still(size), rotation };
      // Where a value lies half way between two bytes the two may round it apart.
      assertClose(render(source, size, draw), reference(source, size, draw), 1 / 255 + TOLERANCE);
      const exact = reference(source, size, draw).filter(
        (value, i) => Math.abs(value - render(source, size, draw)[i]) > TOLERANCE,
      );
      assert.ok(exact.length <= 2, `${exact.length} values rounded apart`);
    }
  });

  test("random views of both policies equal the plain version and stay in [0, 1]", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 0, max: 2 ** 31 }),
        fc.constantFrom(...Object.values(augmentationPolicies)),
        (size, seed, policy) => {
          const draw = { ...drawView(randomStream(seed), size, policy), rotation: 0 };
          const source = noise(size, seed);
          const view = render(source, size, draw);
          assert.ok(view.every((value) => value >= 0 && value <= 1));
          assertClose(view, reference(source, size, draw), 3 * TOLERANCE);
        },
      ),
      { numRuns: 300, seed: 1 },
    );
  });

  test("a view is written where it belongs and nowhere else", () => {
    const size = 6;
    const length = size * size * 3;
    const pictures = new Uint8Array(3 * length);
    pictures.set(noise(size, 8), length);
    const out = new Float32Array(3 * length).fill(-1);
    const draw = drawView(randomStream(9), size, augmentationPolicies["oriented-free"]);
    viewRenderer(size, FILL)(pictures, length, draw, out, 2 * length);
    assert.ok(out.subarray(0, 2 * length).every((value) => value === -1));
    assert.deepEqual(out.subarray(2 * length), render(noise(size, 8), size, draw));
  });
});
