import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import {
  between,
  boundsOf,
  fitted,
  panned,
  toMap,
  toScreen,
  visibleRect,
  zoomedAt,
} from "../../web-demo/view.ts";

const coordinate = fc.double({ min: -1000, max: 1000, noNaN: true });
const view = fc.record({
  x: coordinate,
  y: coordinate,
  scale: fc.double({ min: 0.01, max: 100, noNaN: true }),
});
const size = fc.record({
  width: fc.integer({ min: 1, max: 4000 }),
  height: fc.integer({ min: 1, max: 4000 }),
});

function close(a: readonly number[], b: readonly number[]): void {
  for (const [i, value] of a.entries()) {
    assert.ok(Math.abs(value - b[i]) <= 1e-6 * (1 + Math.abs(value)), `${a} is not ${b}`);
  }
}

describe("the view of a map", () => {
  test("pixels and places are each other's inverse; y points up", () => {
    fc.assert(
      fc.property(view, size, coordinate, coordinate, (v, s, x, y) => {
        close(toMap(v, s, ...toScreen(v, s, x, y)), [x, y]);
      }),
    );
    const middle = { x: 0, y: 0, scale: 10 };
    assert.deepEqual(toScreen(middle, { width: 100, height: 100 }, 1, 1), [60, 40]);
  });

  test("zooming keeps the place under the pointer, dragging moves it with the pointer", () => {
    fc.assert(
      fc.property(view, size, fc.double({ min: 0.1, max: 10, noNaN: true }), (v, s, factor) => {
        const at = [s.width * 0.3, s.height * 0.9] as const;
        close(toMap(zoomedAt(v, s, ...at, v.scale * factor), s, ...at), toMap(v, s, ...at));
        close(toMap(panned(v, 5, -7), s, at[0] + 5, at[1] - 7), toMap(v, s, ...at));
      }),
    );
  });

  test("a fitted rectangle lies within the paddings, whatever they are", () => {
    const window = { width: 1000, height: 700 };
    const padding = { top: 10, right: 300, bottom: 50, left: 200 };
    const fit = fitted({ minX: -5, minY: 2, maxX: 30, maxY: 4 }, window, padding);
    const [left, top] = toScreen(fit, window, -5, 4);
    const [right, bottom] = toScreen(fit, window, 30, 2);
    close([left, right, (top + bottom) / 2], [200, 700, (10 + 650) / 2]);
    const point = fitted({ minX: 1, minY: 1, maxX: 1, maxY: 1 }, window, padding, 40);
    assert.equal(point.scale, 40);
    assert.ok(Number.isFinite(fitted({ minX: 1, minY: 1, maxX: 1, maxY: 1 }, window, padding).x));
  });

  test("what is visible is what lies between the edges", () => {
    const rect = visibleRect({ x: 1, y: 2, scale: 10 }, { width: 100, height: 200 }, 10);
    assert.deepEqual(rect, { minX: -5, maxX: 7, minY: -9, maxY: 13 });
  });

  test("bounds pass over points without a place", () => {
    const coordinates = Float32Array.of(1, 2, Number.NaN, 5, 3, -4);
    assert.deepEqual(boundsOf(coordinates, [0, 1, 2]), { minX: 1, maxX: 3, minY: -4, maxY: 2 });
    assert.equal(boundsOf(coordinates, [1]), undefined);
    assert.equal(boundsOf(coordinates, []), undefined);
  });

  test("a flight begins and ends where it should", () => {
    const [from, to] = [
      { x: 0, y: 0, scale: 1 },
      { x: 8, y: -3, scale: 40 },
    ];
    for (const [share, wanted] of [
      [0, from],
      [1, to],
    ] as const) {
      const { x, y, scale } = between(from, to, share);
      close([x, y, scale], [wanted.x, wanted.y, wanted.scale]);
    }
    close([between(from, { ...to, scale: 1 }, 0.5).x], [4]);
  });
});
