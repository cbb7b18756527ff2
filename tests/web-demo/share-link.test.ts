import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { decodeLink, encodeLink, type Selection, short } from "../../web-demo/share-link.ts";

const number = fc.double({ min: -1e4, max: 1e4, noNaN: true }).map((value) => short(value) + 0);
const selection: fc.Arbitrary<Selection | undefined> = fc.oneof(
  fc.constant(undefined),
  fc.array(fc.tuple(number, number), { minLength: 3, maxLength: 60 }).map((corners): Selection => {
    return { kind: "area", polygon: corners.flat() };
  }),
  fc.string({ minLength: 1, unit: "grapheme" }).map((text): Selection => ({ kind: "search", text })),
  fc.nat(1e6).map((index): Selection => ({ kind: "near", index })),
  fc.constantFrom<Selection>({ kind: "outliers" }, { kind: "duplicates" }),
);

describe("a link", () => {
  test("brings back what it was made of", () => {
    const classes = fc.uniqueArray(fc.string({ minLength: 1, unit: "grapheme" }), { maxLength: 12 });
    const state = classes.chain((names) =>
      fc.record({
        names: fc.constant(names),
        hidden: fc.subarray(names.map((_, i) => i)).map((places) => new Set(places)),
        selection,
        view: fc
          .tuple(number, number, number)
          .map(([x, y, span]) => ({ x, y, span: short(Math.abs(span) + 1) })),
      }),
    );
    fc.assert(
      fc.property(state, ({ names, ...shared }) => {
        assert.deepEqual(decodeLink(`#${encodeLink(shared, names)}`, names), shared);
      }),
    );
  });

  test("names the few classes that are shown, or the few that are not", () => {
    const names = ["cat", "dog", "a, b & c", "fish"];
    assert.equal(encodeLink({ hidden: new Set([1]) }, names), "hide=dog");
    assert.equal(encodeLink({ hidden: new Set([0, 1, 3]) }, names), "only=a,+b+%26+c");
    assert.deepEqual(decodeLink(encodeLink({ hidden: new Set([0, 1, 2, 3]) }, names), names).hidden.size, 4);
  });

  test("stays readable", () => {
    const polygon = [1, 2, 3.25, -4, 0.125, 7];
    const state = {
      view: { x: 1.5, y: -2, span: 40 },
      hidden: new Set<number>(),
      selection: { kind: "area", polygon },
    };
    assert.equal(encodeLink(state as never, []), "view=1.5,-2,40&area=1,2,3.25,-4,0.125,7");
  });

  test("that makes no sense changes nothing", () => {
    const nothing = { hidden: new Set(), selection: undefined };
    for (const hash of [
      "",
      "#",
      "#view=1,2",
      "#view=1,2,0",
      "#view=a,b,c",
      "#view=1,2,",
      "#view=Infinity,0,1",
      "#area=1,2,3,4",
      "#area=1,2,3,4,5,6,7",
      "#near=-1",
      "#near=1.5",
      "#hide=nobody",
      "#%",
      "#search=",
      "#find=peace",
    ]) {
      assert.deepEqual(decodeLink(hash, ["cat"]), nothing, hash);
    }
  });
});
