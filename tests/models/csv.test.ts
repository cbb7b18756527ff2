import assert from "node:assert/strict";
import { test } from "node:test";
import { parse } from "csv-parse/sync";
import fc from "fast-check";
import { csv, placementsCsv } from "../../models/csv.ts";

test("the table reads back as it was, in the columns of `tsimcne embed`", () => {
  const rows = [
    { path: "a.png", embedding: [1.5, -2], novelty: 0.25 },
    { path: 'odd "name",\nwith ümläut 🐈.png', embedding: [0.1, 1e-7], novelty: 1 },
  ];
  const text = placementsCsv(rows, 2);
  assert.match(text, /^path,x,y,novelty\r\na\.png,1\.5,-2,0\.25\r\n/);
  const read = parse(text, { columns: true }) as Record<string, string>[];
  assert.deepEqual(
    read.map(({ path, x, y, novelty }) => ({
      path,
      embedding: [Number(x), Number(y)],
      novelty: Number(novelty),
    })),
    rows,
  );
  assert.equal(placementsCsv([], 3), "path,x,y,z,novelty\r\n");
});

test("whatever its cells, a table reads back as it was", () => {
  const letters = fc.constantFrom("a", '"', ",", "\r", "\n", " ", "é", "🐈");
  const text = fc.string({ unit: letters });
  fc.assert(
    fc.property(fc.array(fc.tuple(text, text), { minLength: 1 }), (rows) => {
      const read = parse(csv(["a", "b"], rows), { record_delimiter: "\r\n" });
      assert.deepEqual(read, [["a", "b"], ...rows]);
    }),
  );
});
