// Search, areas and what a selection means.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { PlaneIndex } from "../../models/plane-index.ts";
import { categorize } from "../../models/plot/categories.ts";
import { contains, rectangle, simplified } from "../../web-demo/lasso.ts";
import { folded, joinPaths, Paths } from "../../web-demo/paths.ts";
import { resolveSelection, type Selectable } from "../../web-demo/selection.ts";

describe("paths", () => {
  test("come back one by one", () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: "grapheme" })), (list) => {
        const paths = new Paths(joinPaths(list));
        assert.deepEqual(
          list.map((_, i) => paths.at(i)),
          list,
        );
      }),
    );
  });

  test("are found as by looking at each, whatever their letters", () => {
    // İ becomes two characters in lower case, e and an accent become one.
    const letters = fc.constantFrom("a", "B", "b", "İ", "/", "ß", "🐈", "e", "\u0301", "é");
    const text = fc.string({ unit: letters, maxLength: 6 });
    fc.assert(
      fc.property(fc.array(text), text, (list, wanted) => {
        const needle = folded(wanted);
        const expected = list.flatMap((path, i) =>
          needle !== "" && folded(path).includes(needle) ? [i] : [],
        );
        assert.deepEqual(new Paths(joinPaths(list)).search(wanted), expected);
      }),
    );
  });
});

test("letters with accents are the same however they are written, capitals too", () => {
  const paths = new Paths(
    joinPaths(["cafe.png", "cafe\u0301.png", "café.png", "CAFE\u0301.png", "CAFÉ.png"]),
  );
  for (const wanted of ["café", "cafe\u0301", "CAFÉ"]) assert.deepEqual(paths.search(wanted), [1, 2, 3, 4]);
});

describe("an area", () => {
  test("contains what lies inside, holes of a crossing outline aside", () => {
    const square = rectangle(0, 0, 2, 1);
    assert.ok(contains(square, 1, 0.5));
    for (const [x, y] of [
      [-0.1, 0.5],
      [2.1, 0.5],
      [1, 1.1],
      [1, -0.1],
    ]) {
      assert.ok(!contains(square, x, y));
    }
    const arrow = [0, 0, 4, 2, 0, 4, 1, 2];
    assert.ok(contains(arrow, 2, 2));
    assert.ok(!contains(arrow, 0.5, 2), "the notch");
  });

  test("of many corners becomes one of few, close by", () => {
    const circle = Array.from({ length: 1000 }, (_, i) => [Math.cos(i / 159.2), Math.sin(i / 159.2)]).flat();
    const few = simplified(circle, 0.001, 60);
    assert.ok(few.length <= 120 && few.length >= 40, `${few.length / 2} corners`);
    for (let i = 0; i < 200; i++) {
      const [x, y] = [Math.sin(i * 7), Math.cos(i * 3)];
      const radius = Math.hypot(x, y);
      if (Math.abs(radius - 1) > 0.05) assert.equal(contains(few, x, y), radius < 1);
    }
    assert.deepEqual(simplified(rectangle(0, 0, 1, 1), 0.1, 60), rectangle(0, 0, 1, 1));
  });
});

describe("a selection", () => {
  const labels = ["cat", "dog", null, "Cat", "dog"];
  const coordinates = Float32Array.of(0, 0, 1, 0, 2, 0, 3, 0, Number.NaN, 0);
  const categories = categorize({ labels });
  const map: Selectable = {
    data: {
      count: 5,
      coordinates,
      categories,
      novelty: Float32Array.of(0.5, 0.1, 0.9, 0.2, 0.7),
      duplicateOf: Int32Array.of(-1, -1, 1, 0, 1),
    },
    paths: new Paths(joinPaths(["a/1.png", "b/2.png", "a/dog.png", "b/4.png", "b/5.png"])),
    index: new PlaneIndex({ count: 5, dim: 2, coordinates }),
  };
  const all = new Set<number>();

  test("by an area holds the images in it", () => {
    const polygon = rectangle(0.5, -1, 5, 1);
    assert.deepEqual(resolveSelection(map, { kind: "area", polygon }, all), [1, 2, 3]);
  });

  test("by a word holds what has it in path or label", () => {
    assert.deepEqual(resolveSelection(map, { kind: "search", text: " DOG " }, all), [1, 2, 4]);
    assert.deepEqual(resolveSelection(map, { kind: "search", text: "a/" }, all), [0, 2]);
    assert.deepEqual(resolveSelection(map, { kind: "search", text: "  " }, all), []);
  });

  test("by an image holds it and its nearest, nearest first", () => {
    assert.deepEqual(resolveSelection(map, { kind: "near", index: 2 }, all), [2, 1, 3, 0]);
    assert.deepEqual(resolveSelection(map, { kind: "near", index: 99 }, all), []);
  });

  test("of duplicates holds one group after the other; on an older map nothing", () => {
    assert.deepEqual(resolveSelection(map, { kind: "duplicates" }, all), [0, 3, 1, 2, 4]);
    const older = { ...map, data: { ...map.data, duplicateOf: undefined } };
    assert.deepEqual(resolveSelection(older, { kind: "duplicates" }, all), []);
  });

  test("of outliers holds the newest first, and no more than a twentieth", () => {
    assert.deepEqual(resolveSelection(map, { kind: "outliers" }, all), [2]);
    const count = 100;
    const novelty = Float32Array.from({ length: count }, (_, i) => ((i * 37) % count) / count);
    const larger = { ...map, data: { ...map.data, count, novelty } };
    const newest = [99, 98, 97, 96, 95].map((value) => novelty.indexOf(Math.fround(value / count)));
    assert.deepEqual(resolveSelection(larger, { kind: "outliers" }, all), newest);
  });

  test("leaves out hidden classes", () => {
    const dogs = new Set([categories.list.findIndex(({ name }) => name === "dog")]);
    assert.deepEqual(resolveSelection(map, { kind: "search", text: "png" }, dogs), [0, 2, 3]);
  });
});
