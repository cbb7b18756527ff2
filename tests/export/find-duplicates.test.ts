// Which images show the same, and which do not.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import sharp from "sharp";
import { duplicateGroups } from "../../models/duplicates.ts";
import { nearest } from "../../models/neighbours.ts";
import { findDuplicates, lookOf, showSame } from "../../training/export/find-duplicates.ts";
import { randomStream } from "../../training/random.ts";
import { blur, copies } from "../support/blurs.ts";

const SIDE = 16;

/** As `findDuplicates` compares it. */
async function small(image: Buffer) {
  return lookOf(new Uint8Array(await sharp(image).resize(SIDE, SIDE).removeAlpha().raw().toBuffer()), SIDE);
}

describe("two pictures", () => {
  for (const [name, copy] of Object.entries(copies)) {
    test(`show the same if one is the other, ${name}`, async () => {
      for (let i = 0; i < 20; i++) {
        const original = await small(await (await blur(i)).png().toBuffer());
        const copied = await small(await copy(await blur(i)).toBuffer());
        assert.ok(showSame(original, copied) && showSame(copied, original), `picture ${i}`);
      }
    });
  }

  test("do not if they are different ones", async () => {
    const pictures: Awaited<ReturnType<typeof small>>[] = [];
    for (let i = 0; i < 40; i++) pictures.push(await small(await (await blur(i)).png().toBuffer()));
    for (const [i, a] of pictures.entries()) {
      for (const [j, b] of pictures.entries()) assert.equal(showSame(a, b), i === j, `${i} and ${j}`);
    }
  });

  test("nor if something small is another: a hand of a clock, a word on a label, a colour", () => {
    const page = (mark: readonly [number, number, number], left: number) => {
      const picture = new Uint8Array(SIDE * SIDE * 3).fill(240);
      for (let y = 6; y < 9; y++) for (let x = left; x < left + 2; x++) picture.set(mark, (y * SIDE + x) * 3);
      return lookOf(picture, SIDE);
    };
    const black = page([20, 20, 20], 4);
    assert.ok(showSame(black, page([20, 20, 20], 4)));
    assert.ok(!showSame(black, page([20, 20, 20], 9)), "elsewhere");
    assert.ok(!showSame(black, page([240, 240, 240], 4)), "nothing there");
    assert.ok(!showSame(black, page([200, 20, 20], 4)), "red");
  });
});

describe("duplicates", () => {
  /** Images in groups that show the same, all in a mixed order; groups lie apart in a plane of features. */
  const collection = fc
    .record({
      sizes: fc.array(
        fc.oneof(
          { weight: 6, arbitrary: fc.integer({ min: 1, max: 4 }) },
          { weight: 1, arbitrary: fc.constant(40) },
        ),
        {
          minLength: 2,
          maxLength: 25,
        },
      ),
      seed: fc.nat(1e6),
    })
    .map(({ sizes, seed }) => {
      const random = randomStream("collection", seed);
      const groups = sizes.flatMap((size, group) => new Array<number>(size).fill(group));
      for (let i = groups.length - 1; i > 0; i--) {
        const j = random.integer(i + 1);
        [groups[i], groups[j]] = [groups[j], groups[i]];
      }
      const looks = sizes.map(() =>
        Uint8Array.from({ length: SIDE * SIDE * 3 }, () => 40 + random.integer(170)),
      );
      const vectors = Float32Array.from(
        groups.flatMap((group) => [10 * group + random.uniform(), random.uniform()]),
      );
      return { groups, looks, vectors };
    });

  test("are the groups that show the same, each known by its first image", async () => {
    await fc.assert(
      fc.asyncProperty(collection, async ({ groups, looks, vectors }) => {
        const count = groups.length;
        const exclude = Uint32Array.from({ length: count }, (_, i) => i);
        const duplicateOf = await findDuplicates({
          count,
          pictures: {
            size: SIDE,
            read: (image, into) => into.set(looks[groups[image]].map((value) => value + (image % 3))),
          },
          found: nearest(vectors, vectors, { dim: 2, k: 12, exclude }),
        });
        const expected = groups.map((group, image) => {
          const first = groups.indexOf(group);
          return first === image ? -1 : first;
        });
        assert.deepEqual(Array.from(duplicateOf), expected);
      }),
      { numRuns: 60 },
    );
  });

  test("of one image alone there are none", async () => {
    const none = nearest(Float32Array.of(0, 0), Float32Array.of(0, 0), { dim: 2, k: 3, exclude: [0] });
    const pictures = { size: SIDE, read: () => {} };
    assert.deepEqual(Array.from(await findDuplicates({ count: 1, pictures, found: none })), [-1]);
  });

  test("come as groups in the order of their first images", () => {
    assert.deepEqual(duplicateGroups(Int32Array.of(-1, -1, 1, 0, -1, 1)), [
      [0, 3],
      [1, 2, 5],
    ]);
    assert.deepEqual(duplicateGroups(Int32Array.of(-1, -1)), []);
  });
});
