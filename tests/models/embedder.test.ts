// Placing pictures with the files of a map, against the same steps taken one by one.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { type Embedder, openEmbedder } from "../../models/embedder.ts";
import { foundNeighbours } from "../../models/feature-search.ts";
import { type CompactFeatures, compactDim, compactFeatures, compactQueries } from "../../models/features.ts";
import { distanceQuantiles } from "../../models/novelty.ts";
import type { Pixels } from "../../models/pixels.ts";
import { openPreprocessor } from "../../models/preprocessor.ts";
import { nodeRuntime } from "../../models/runtime.node.ts";
import { buildEncoder } from "../../training/artifacts/encoder.ts";
import { initialValues } from "../../training/artifacts/initial-state.ts";
import { buildPreprocess } from "../../training/artifacts/preprocess.ts";
import { buildNearest } from "../../training/evaluation/nearest-graph.ts";
import { randomStream } from "../../training/random.ts";
import { buildTinyStage, tinyNetwork } from "../support/stage.ts";

const COUNT = 40;
const { imageSize } = tinyNetwork;

/** Noise around a colour, of any size. */
function picture(index: number): Pixels {
  const random = randomStream("embedder", index);
  const [height, width] = [8 + random.integer(20), 8 + random.integer(20)];
  const color = [random.integer(200), random.integer(200), random.integer(200)];
  const data = Uint8Array.from({ length: height * width * 3 }, (_, i) => color[i % 3] + random.integer(56));
  return { data, height, width };
}

describe("an embedder", () => {
  let embedder: Embedder;
  let features: CompactFeatures;
  let embedding: Float32Array;
  let prepared: Uint8Array[];

  before(async () => {
    const encoder = buildEncoder(initialValues(buildTinyStage(), 3), tinyNetwork);
    const preprocess = buildPreprocess({ imageSize, fit: "cover", background: [255, 255, 255] });
    const files = { preprocess, encoder, imageSize };
    const preprocessor = await openPreprocessor(preprocess, nodeRuntime, imageSize);
    prepared = [];
    for (let i = 0; i < COUNT; i++) prepared.push(await preprocessor.run(picture(i)));
    await preprocessor.close();

    const session = await InferenceSession.create(encoder);
    const images = new Tensor("uint8", Uint8Array.from(prepared.flatMap((bytes) => Array.from(bytes))), [
      COUNT,
      imageSize,
      imageSize,
      3,
    ]);
    const results = await session.run({ images });
    await session.release();
    embedding = results.embedding.data as Float32Array;
    const given = {
      features: results.features.data as Float32Array,
      statistics: results.statistics.data as Float32Array,
    };
    const { compaction, codes } = compactFeatures(given, COUNT);
    const distances = bruteForce(compactQueries(compaction, given), codes, compactDim(compaction));
    features = { ...compaction, count: COUNT, codes, distanceQuantiles: distanceQuantiles(distances) };
    const neighbours = buildNearest(compactDim(compaction), COUNT, foundNeighbours(COUNT));
    embedder = await openEmbedder({ ...files, neighbours, features }, nodeRuntime);
  });
  after(() => embedder.close());

  test("takes a picture of the right size as it is", async () => {
    const random = randomStream("square");
    const data = Uint8Array.from({ length: imageSize ** 2 * 3 }, () => random.integer(256));
    assert.deepEqual(await embedder.prepare({ data, height: imageSize, width: imageSize }), data);
  });

  test("prepares a picture as preprocess.onnx does", async () => {
    assert.deepEqual(await embedder.prepare(picture(5)), prepared[5]);
  });

  test("gives each picture the encoder's point, in the order given", async () => {
    const placements = await embedder.place(prepared);
    assert.deepEqual(
      placements.flatMap((placement) => placement.embedding),
      Array.from(embedding),
    );
  });

  test("places a picture alone where it lies among others, bit for bit", async () => {
    const together = await embedder.place(prepared);
    for (const i of [0, 17, COUNT - 1]) assert.deepEqual(await embedder.place([prepared[i]]), [together[i]]);
  });

  test("finds a picture like those of the map ordinary, and one unlike them new", async () => {
    const side = { height: imageSize, width: imageSize };
    const strange = { ...side, data: new Uint8Array(imageSize ** 2 * 3).map((_, i) => (i % 2) * 255) };
    const [odd] = await embedder.place([await embedder.prepare(strange)]);
    const known = (await embedder.place(prepared)).map(({ novelty }) => novelty);
    assert.ok(known.every((novelty) => novelty >= 0 && novelty <= 1));
    assert.ok(median(known) < 0.6, `median ${median(known)}`);
    assert.ok(odd.novelty > 0.95, `strange ${odd.novelty}`);
  });

  test("has nothing to say of no pictures", async () => {
    assert.deepEqual(await embedder.place([]), []);
  });
});

/** Mean distance of each vector to the ten nearest others. */
function bruteForce(queries: Float32Array, codes: Int8Array, dim: number): Float32Array {
  const count = codes.length / dim;
  return Float32Array.from({ length: queries.length / dim }, (_, q) => {
    const all = Array.from({ length: count }, (_, c) =>
      Math.hypot(...Array.from({ length: dim }, (_, d) => queries[q * dim + d] - codes[c * dim + d])),
    );
    const nearest = all
      .filter((_, c) => c !== q)
      .sort((a, b) => a - b)
      .slice(0, 10);
    return nearest.reduce((sum, distance) => sum + distance, 0) / nearest.length;
  });
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1];
}
