import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import fc from "fast-check";
import { UserError } from "../../models/errors.ts";
import { decodePoints, encodePoints, type MapPoints } from "../../models/points.ts";

const text = fc.string({ unit: "binary", maxLength: 20 });
const float = fc.float({ noNaN: true, noDefaultInfinity: true });

const points: fc.Arbitrary<MapPoints> = fc
  .record({
    dim: fc.constantFrom(2 as const, 3 as const),
    looked: fc.boolean(),
    rows: fc.array(
      fc.tuple(text, fc.option(text), float, float, float, float, fc.integer({ min: -1, max: 60 })),
      {
        minLength: 1,
        maxLength: 60,
      },
    ),
  })
  .map(({ dim, looked, rows }) => ({
    count: rows.length,
    dim,
    paths: rows.map((row) => row[0]),
    labels: rows.map((row) => row[1]),
    coordinates: Float32Array.from(rows.flatMap((row) => row.slice(2, 2 + dim) as number[])),
    novelty: Float32Array.from(rows.map((row) => row[5])),
    ...(looked && { duplicateOf: Int32Array.from(rows, (row) => row[6]) }),
  }));

function many(count: number): MapPoints {
  return {
    count,
    dim: 2,
    paths: Array.from({ length: count }, (_, i) => `folder ${i % 7}/it's "image" (${i})\n🙂.png`),
    labels: Array.from({ length: count }, (_, i) => (i % 5 === 0 ? null : `class ${i % 3}`)),
    coordinates: Float32Array.from({ length: 2 * count }, (_, i) => Math.sin(i) * 40),
    novelty: Float32Array.from({ length: count }, (_, i) => i / count),
    duplicateOf: Int32Array.from({ length: count }, (_, i) => (i % 7 === 1 ? i - 1 : -1)),
  };
}

describe("points.parquet", () => {
  test("every path, label and number comes back exactly, in order", async () => {
    await fc.assert(
      fc.asyncProperty(points, async (given) => {
        assert.deepEqual(await decodePoints(encodePoints(given)), given);
      }),
    );
  });

  test("so do 150,000 rows, which fill several row groups", async () => {
    const given = many(150_000);
    assert.deepEqual(await decodePoints(encodePoints(given)), given);
  });

  test("a path that begins with a byte order mark keeps it", async () => {
    const given = { ...many(2), paths: ["\uFEFFa.png", "b.png"] };
    assert.deepEqual((await decodePoints(encodePoints(given))).paths, given.paths);
  });

  test("also from the middle of another buffer, as small files come", async () => {
    const bytes = encodePoints(many(5));
    const pool = Buffer.alloc(bytes.length + 100, 7);
    pool.set(bytes, 50);
    assert.deepEqual(await decodePoints(pool.subarray(50, 50 + bytes.length)), many(5));
  });

  test("no labels at all", async () => {
    const given = { ...many(5), labels: [null, null, null, null, null] };
    assert.deepEqual((await decodePoints(encodePoints(given))).labels, given.labels);
  });

  test("columns of different lengths are refused", () => {
    assert.throws(() => encodePoints({ ...many(5), paths: ["a"] }), /columns/);
    assert.throws(() => encodePoints({ ...many(5), duplicateOf: Int32Array.of(-1) }), /columns/);
  });

  test("damaged bytes and a missing column are UserErrors", async () => {
    const bytes = encodePoints(many(100));
    await assert.rejects(decodePoints(bytes.subarray(0, 100)), UserError);
    await assert.rejects(decodePoints(new Uint8Array(0)), UserError);
    const renamed = Uint8Array.from(
      Buffer.from(Buffer.from(bytes).toString("latin1").replaceAll("novelty", "naughty"), "latin1"),
    );
    await assert.rejects(decodePoints(renamed), /novelty/);
  });

  test("pyarrow reads it with the types promised", (t) => {
    if (spawnSync("python3", ["-c", "import pyarrow.parquet"]).status !== 0) {
      t.skip("Python's pyarrow is not installed");
      return;
    }
    const folder = mkdtempSync(join(tmpdir(), "points-"));
    try {
      const path = join(folder, "points.parquet");
      writeFileSync(path, encodePoints(many(3)));
      const script = [
        "import sys, pyarrow.parquet as q; t = q.read_table(sys.argv[1])",
        "print([(f.name, str(f.type)) for f in t.schema]); print(t['label'].to_pylist(), t['x'].to_pylist()[0], t['duplicate_of'].to_pylist())",
      ].join("\n");
      const { stdout } = spawnSync("python3", ["-c", script, path], { encoding: "utf8" });
      const schema =
        "[('index', 'int32'), ('path', 'string'), ('label', 'string'), ('x', 'float'), ('y', 'float'), ('novelty', 'float'), ('duplicate_of', 'int32')]";
      assert.equal(stdout.trim(), `${schema}\n[None, 'class 1', 'class 2'] 0.0 [None, 0, None]`);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
