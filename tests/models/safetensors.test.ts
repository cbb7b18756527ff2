import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import fc from "fast-check";
import { UserError } from "../../models/errors.ts";
import { decodeSafetensors, encodeSafetensors, type NamedTensor } from "../../models/safetensors.ts";

const tensor: fc.Arbitrary<NamedTensor> = fc
  .record({
    dtype: fc.constantFrom("float64", "float32", "int32", "uint8", "int8"),
    shape: fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 3 }),
    seed: fc.integer(),
  })
  .map(({ dtype, shape, seed }) => {
    const count = shape.reduce((a, b) => a * b, 1);
    const values = Array.from({ length: count }, (_, i) => ((seed % 97) + i * 7) % 127);
    const arrays = {
      float64: Float64Array,
      float32: Float32Array,
      int32: Int32Array,
      uint8: Uint8Array,
      int8: Int8Array,
    };
    return { dtype, shape, data: arrays[dtype].from(values as never) } as NamedTensor;
  });
// A name that is a whole number would be moved to the front by JavaScript's own order of keys.
const name = fc
  .string({ unit: "grapheme", maxLength: 12 })
  .filter((s) => s !== "__metadata__" && !/^\d+$/.test(s));
const tensors = fc.dictionary(name, tensor, { maxKeys: 6, noNullPrototype: true });

const small = encodeSafetensors({
  w: { dtype: "float32", shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) },
  c: { dtype: "int8", shape: [3], data: Int8Array.of(-1, 0, 1) },
});

function withHeader(header: unknown, data = new Uint8Array(0)): Uint8Array {
  const json = Buffer.from(typeof header === "string" ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([length, json, data]);
}

describe("safetensors", () => {
  test("what was written is read: values, shapes, order of names, metadata", () => {
    fc.assert(
      fc.property(tensors, fc.dictionary(name, fc.string(), { noNullPrototype: true }), (given, metadata) => {
        const read = decodeSafetensors(encodeSafetensors(given, metadata));
        assert.deepEqual(Object.entries(read.tensors), Object.entries(given));
        assert.deepEqual(Object.entries(read.metadata), Object.entries(metadata));
      }),
    );
  });

  test("a tensor may have any name, that of the prototype too", () => {
    const given = JSON.parse('{"__proto__": 1, "constructor": 2, "toString": 3}');
    const tensors = Object.fromEntries(
      Object.entries(given).map(([name, value]) => [
        name,
        { dtype: "float32" as const, shape: [1], data: Float32Array.of(value as number) },
      ]),
    );
    const read = decodeSafetensors(encodeSafetensors(tensors));
    assert.deepEqual(Object.entries(read.tensors), Object.entries(tensors));
  });

  test("the data starts at a multiple of 8 and every tensor is aligned to its elements", () => {
    fc.assert(
      fc.property(tensors, (given) => {
        const bytes = encodeSafetensors(given);
        const read = decodeSafetensors(bytes);
        for (const { data } of Object.values(read.tensors))
          assert.equal(data.buffer, bytes.buffer, "no copy was needed");
        const headerLength = Number(new DataView(bytes.buffer).getBigUint64(0, true));
        assert.equal((8 + headerLength) % 8, 0);
      }),
    );
  });

  test("bytes that lie at an odd address are read too", () => {
    const shifted = new Uint8Array(small.length + 1);
    shifted.set(small, 1);
    assert.deepEqual(decodeSafetensors(shifted.subarray(1)), decodeSafetensors(small));
  });

  test("a Buffer is read too, whose slice is no copy", () => {
    const text = JSON.stringify({ w: { dtype: "F32", shape: [1], data_offsets: [0, 4] } }); // no padding
    const bytes = Buffer.concat([
      Buffer.alloc(8),
      Buffer.from(text),
      Buffer.from(Float32Array.of(2.5).buffer),
    ]);
    bytes.writeUInt32LE(text.length, 0);
    assert.deepEqual(decodeSafetensors(bytes).tensors.w.data, Float32Array.of(2.5));
  });

  test("damage of any kind is a UserError, never anything else", () => {
    fc.assert(
      fc.property(fc.nat(small.length - 1), fc.nat(255), fc.nat(small.length), (at, value, length) => {
        const bytes = small.slice(0, length);
        if (at < length) bytes[at] = value;
        try {
          decodeSafetensors(bytes);
        } catch (error) {
          assert.ok(error instanceof UserError, String(error));
        }
      }),
      { numRuns: 2000 },
    );
  });

  test("each damage is told apart", () => {
    const f32 = (shape: unknown, data_offsets: unknown) => ({ dtype: "F32", shape, data_offsets });
    const cases: [Uint8Array, RegExp][] = [
      [small.subarray(0, 5), /too short/],
      [small.subarray(0, 40), /header is cut off/],
      [withHeader("{nonsense"), /not JSON/],
      [withHeader("[]"), /not an object/],
      [withHeader({ w: 1 }), /entry of w/],
      [withHeader({ w: f32([-1], [0, 4]) }, new Uint8Array(4)), /entry of w/],
      [withHeader({ w: f32([2], [0, 4]) }, new Uint8Array(4)), /fill its shape/],
      [withHeader({ w: f32([2], [0, 8]) }, new Uint8Array(4)), /fill its shape/],
      [withHeader({ w: { ...f32([1], [0, 2]), dtype: "BF16" } }, new Uint8Array(2)), /BF16/],
      [withHeader({ a: f32([1], [0, 4]), b: f32([1], [0, 4]) }, new Uint8Array(4)), /overlap/],
      [withHeader({ a: f32([1], [0, 4]) }, new Uint8Array(9)), /bytes follow/],
      [withHeader({ __metadata__: { a: 1 } }), /metadata/],
    ];
    for (const [bytes, message] of cases) {
      assert.throws(
        () => decodeSafetensors(bytes),
        (error) => error instanceof UserError && message.test(error.message),
      );
    }
  });

  test("data that does not fill its shape is refused when writing", () => {
    const bad: NamedTensor = { dtype: "uint8", shape: [3], data: new Uint8Array(2) };
    assert.throws(() => encodeSafetensors({ bad }), /do not fill/);
    assert.throws(() => encodeSafetensors({ __metadata__: { ...bad, shape: [2] } }), /must not be named/);
  });

  test("Python's safetensors reads it", (t) => {
    const script =
      "import sys, safetensors.numpy as s; d = s.load_file(sys.argv[1]); print(d['w'].tolist(), d['c'].tolist())";
    if (spawnSync("python3", ["-c", "import safetensors.numpy"]).status !== 0) {
      t.skip("Python's safetensors is not installed");
      return;
    }
    const folder = mkdtempSync(join(tmpdir(), "safetensors-"));
    try {
      const path = join(folder, "small.safetensors");
      writeFileSync(path, small);
      const { stdout } = spawnSync("python3", ["-c", script, path], { encoding: "utf8" });
      assert.equal(stdout.trim(), "[[1.0, 2.0], [3.0, 4.0]] [-1, 0, 1]");
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
