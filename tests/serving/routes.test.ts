// Every route, with real requests.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, test } from "node:test";
import sharp from "sharp";
import { mapInfoSchema } from "../../models/bundle/map-info.ts";
import { nearest } from "../../models/neighbours.ts";
import { decodePoints, type MapPoints } from "../../models/points.ts";
import { thumbnailCell } from "../../models/thumbnails.ts";
import { embedAnswer, pointsAnswer, problem } from "../../serving/schemas.ts";
import { tsimcne } from "../support/command.ts";
import { embed, imageForm, type LoggedServer, rawRequest, serve } from "../support/server.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { trainTinyMap } from "../support/tiny-map.ts";

const folder = await temporaryFolder();
const [map, images, cache] = ["map", "images", "cache"].map((name) => join(folder, name));
let server: LoggedServer;
let points: MapPoints;
const image = (index: number) => readFileSync(join(images, points.paths[index]));

before(async () => {
  await trainTinyMap(map, images, cache);
  points = await decodePoints(readFileSync(join(map, "points.parquet")));
  server = await serve(map);
});

async function get(path: string, headers: Record<string, string> = {}) {
  const response = await fetch(server.url + path, { headers });
  return {
    status: response.status,
    headers: response.headers,
    bytes: new Uint8Array(await response.arrayBuffer()),
  };
}
const text = ({ bytes }: { bytes: Uint8Array }) => new TextDecoder().decode(bytes);

describe("POST /v1/embed", () => {
  test("places the images of a form where the command places them, in order", async () => {
    const chosen = [7, 3, 59, 20].sort((a, b) => a - b);
    const { status, body } = await embed(
      server.url,
      imageForm(chosen.map((index) => [`picture ${index}.png`, image(index)])),
    );
    assert.equal(status, 200);
    embedAnswer.parse(body);
    assert.deepEqual(body.map, { id: server.map.info.id, name: "map" });
    assert.deepEqual(body.errors, []);
    const { stdout } = await tsimcne(
      ["embed", map, ...chosen.map((index) => join(images, points.paths[index]))],
      cache,
    );
    const placed = JSON.parse(stdout).results as { path: string; embedding: number[]; novelty: number }[];
    for (const [i, index] of chosen.entries()) {
      const { name, embedding, novelty } = body.results[i];
      assert.equal(name, `picture ${index}.png`);
      const expected = placed[i];
      assert.deepEqual({ embedding, novelty }, { embedding: expected.embedding, novelty: expected.novelty });
    }
  });

  test("places one image as the body", async () => {
    const { status, body } = await embed(server.url, image(5));
    assert.equal(status, 200);
    assert.equal(body.results.length, 1);
    assert.deepEqual(body.results[0].embedding, [...points.coordinates.subarray(10, 12)]);
  });

  test("tells the nearest on the map, exactly, with their labels and pictures", async () => {
    const { body } = await embed(server.url, image(8), { query: "?neighbours=5" });
    const [{ embedding, neighbours, label }] = body.results;
    const expected = nearest(Float32Array.from(embedding), points.coordinates, { dim: 2, k: 5 });
    assert.deepEqual(
      neighbours.map(({ index }: { index: number }) => index),
      [...expected.indices],
    );
    for (const [i, one] of neighbours.entries()) {
      assert.ok(Math.abs(one.distance - expected.distances[i]) < 1e-6);
      assert.equal(one.path, points.paths[one.index]);
      assert.equal(one.label, points.labels[one.index]);
      const picture = await get(one.thumbnail.slice(1));
      assert.equal(picture.status, 200);
    }
    assert.ok(server.map.info.classes.includes(label));
  });

  test("with ?space=features the nearest in feature space: a training image is its own nearest", async () => {
    const { body } = await embed(server.url, image(8), { query: "?space=features&neighbours=3" });
    const [{ neighbours }] = body.results;
    assert.equal(neighbours.length, 3);
    assert.equal(neighbours[0].distance, 0);
    assert.ok(neighbours[0].distance <= neighbours[1].distance);
    assert.ok(neighbours[1].distance <= neighbours[2].distance);
  });

  test("?neighbours=0 tells none, 10 are told without being asked", async () => {
    const none = await embed(server.url, image(1), { query: "?neighbours=0" });
    assert.deepEqual(none.body.results[0].neighbours, []);
    const some = await embed(server.url, image(1));
    assert.equal(some.body.results[0].neighbours.length, 10);
  });

  test("what is broken is told beside what was placed", async () => {
    const form = imageForm([
      ["good.png", image(0)],
      ["bad.png", Buffer.from("this is no picture")],
      ["cut.png", image(0).subarray(0, 90)],
    ]);
    const { status, body } = await embed(server.url, form);
    assert.equal(status, 200);
    assert.deepEqual(
      body.results.map(({ name }: { name: string }) => name),
      ["good.png"],
    );
    assert.deepEqual(body.errors, [
      { name: "bad.png", code: "unusable_image", message: "not an image (text)" },
      { name: "cut.png", code: "unusable_image", message: "truncated PNG" },
    ]);
  });

  test("the same image alone, in a crowd, and again: the same answer", async () => {
    const alone = await embed(server.url, image(12));
    const crowd = await Promise.all(
      Array.from({ length: 40 }, (_, i) => embed(server.url, image(i === 20 ? 12 : i))),
    );
    assert.deepEqual(crowd[20].body.results, alone.body.results);
  });
});

describe("the map", () => {
  test("/v1/map is map.json", async () => {
    const answer = await get("v1/map");
    assert.equal(answer.status, 200);
    assert.match(answer.headers.get("content-type")!, /^application\/json/);
    mapInfoSchema.parse(JSON.parse(text(answer)));
    assert.deepEqual(answer.bytes, new Uint8Array(readFileSync(join(map, "map.json"))));
  });

  test("/v1/points is JSON or Parquet, by Accept", async () => {
    const json = await get("v1/points");
    assert.match(json.headers.get("content-type")!, /^application\/json/);
    const answer = pointsAnswer.parse(JSON.parse(text(json)));
    assert.deepEqual(
      answer.points.flatMap(({ x, y }) => [Math.fround(x), Math.fround(y)]),
      [...points.coordinates],
    );
    assert.deepEqual(
      answer.points.map(({ path }) => path),
      points.paths,
    );
    assert.deepEqual(
      answer.points.map(({ duplicateOf }) => duplicateOf ?? -1),
      [...points.duplicateOf!],
    );
    const parquet = await get("v1/points", { Accept: "application/vnd.apache.parquet" });
    assert.equal(parquet.headers.get("content-type"), "application/vnd.apache.parquet");
    assert.deepEqual((await decodePoints(parquet.bytes)).coordinates, points.coordinates);
    const neither = await get("v1/points", { Accept: "text/csv" });
    assert.equal(neither.status, 406);
  });

  test("/v1/thumbnails and /v1/images give the same pictures", async () => {
    const sheet = await get("v1/thumbnails/0.webp");
    assert.equal(sheet.headers.get("content-type"), "image/webp");
    const answers = await Promise.all([0, 7, 59].map((index) => get(`v1/images/${index}`)));
    for (const [i, index] of [0, 7, 59].entries()) {
      const { x, y, size } = thumbnailCell(index, server.map.info.imageSize);
      const expected = await sharp(sheet.bytes)
        .extract({ left: x, top: y, width: size, height: size })
        .removeAlpha()
        .raw()
        .toBuffer();
      const found = await sharp(answers[i].bytes).raw().toBuffer({ resolveWithObject: true });
      assert.equal(found.info.width, size);
      assert.deepEqual(found.data, expected);
    }
  });

  test("files of the bundle are there for the page, those of the training are not", async () => {
    for (const name of ["map.json", "encoder.onnx", "preprocess.onnx", "features.safetensors", "map.png"]) {
      const answer = await get(`map/${name}`);
      assert.deepEqual(answer.bytes, new Uint8Array(readFileSync(join(map, name))), name);
    }
    assert.equal((await get("map/training/log.jsonl")).status, 404);
  });

  test("who has it already is told so", async () => {
    for (const path of ["v1/map", "v1/points", "v1/images/3", "v1/thumbnails/0.webp", "map/encoder.onnx"]) {
      const etag = (await get(path)).headers.get("etag")!;
      // fetch would ask for a fresh copy whatever the tag.
      const again = await rawRequest(server.url + path, { headers: { "If-None-Match": etag } });
      assert.equal(again.status, 304, path);
      assert.equal(again.text, "", path);
    }
  });

  test("HEAD tells the size without the content", async () => {
    const response = await fetch(`${server.url}map/encoder.onnx`, { method: "HEAD" });
    assert.equal(response.status, 200);
    assert.equal(
      Number(response.headers.get("content-length")),
      readFileSync(join(map, "encoder.onnx")).length,
    );
  });
});

describe("operation", () => {
  test("/healthz and /readyz", async () => {
    assert.equal(text(await get("healthz")), '{"status":"ok"}');
    assert.equal(text(await get("readyz")), '{"status":"ready"}');
  });

  test("/metrics counts requests by route, images, batches", async () => {
    await embed(server.url, image(2));
    const metrics = text(await get("metrics"));
    const value = (pattern: RegExp) => Number(pattern.exec(metrics)?.[1]);
    assert.ok(value(/^http_requests_total\{method="POST",route="\/v1\/embed",status="200"\} (\d+)/m) >= 1);
    assert.ok(value(/^tsimcne_images_total\{outcome="placed"\} (\d+)/m) >= 1);
    assert.ok(value(/^tsimcne_batch_images_count (\d+)/m) >= 1);
    assert.ok(value(/^tsimcne_inference_seconds_sum ([\d.e-]+)/m) > 0);
    assert.ok(value(/^tsimcne_decode_seconds_count (\d+)/m) >= 1);
    assert.equal(value(/^tsimcne_queue_images (\d+)/m), 0);
    assert.match(metrics, /^http_request_duration_seconds_bucket\{.*route="\/v1\/embed"/m);
  });

  test("the log has a line a request, with its id, and nothing of what was sent", async () => {
    const { headers } = await embed(server.url, imageForm([["secret name.png", image(2)]]), {
      headers: { "X-Request-Id": "a-given-id" },
    });
    assert.equal(headers.get("x-request-id"), "a-given-id");
    const lines = server.logged.filter((line) => JSON.stringify(line).includes("a-given-id"));
    assert.equal(lines.length, 1);
    assert.ok(!JSON.stringify(server.logged).includes("secret name"));
    const odd = await fetch(`${server.url}healthz`, { headers: { "X-Request-Id": "no {good} id" } });
    assert.match(odd.headers.get("x-request-id")!, /^[0-9a-f-]{36}$/);
  });

  test("/openapi.json describes every route there is", async () => {
    const document = JSON.parse(text(await get("openapi.json")));
    assert.equal(document.openapi, "3.1.0");
    assert.deepEqual(Object.keys(document.paths).sort(), [
      "/healthz",
      "/metrics",
      "/readyz",
      "/v1/embed",
      "/v1/images/{index}",
      "/v1/map",
      "/v1/points",
      "/v1/thumbnails/{sheet}",
    ]);
    const { post } = document.paths["/v1/embed"];
    const parameters = post.parameters.map(({ name }: { name: string }) => name);
    assert.deepEqual(parameters.sort(), ["neighbours", "space"]);
    for (const status of [400, 408, 413, 415, 422, 429, 503]) {
      assert.ok(post.responses[status].content["application/problem+json"], String(status));
    }
    assert.ok(document.components.schemas.EmbedAnswer.properties.results);
  });

  test("/docs loads its script from here", async () => {
    const page = await get("docs");
    const [, script] = /src="([^"]+)"/.exec(text(page))!;
    const answer = await get(`docs/${script}`);
    assert.equal(answer.status, 200);
    assert.match(answer.headers.get("content-type")!, /^text\/javascript/);
  });

  test("every answer forbids what the page does not need", async () => {
    for (const path of ["", "v1/map", "nothing"]) {
      const { headers } = await get(path);
      assert.match(headers.get("content-security-policy")!, /default-src 'self'/);
      assert.equal(headers.get("x-content-type-options"), "nosniff");
      assert.equal(headers.get("cross-origin-opener-policy"), "same-origin");
      assert.equal(headers.get("cross-origin-embedder-policy"), "require-corp");
      assert.equal(headers.get("access-control-allow-origin"), null);
      assert.equal(headers.get("x-powered-by"), null);
    }
  });
});

describe("what is not there", () => {
  test("is told as a problem, also where the path looks like a way out of the folder", async () => {
    const paths = [
      "nothing",
      "v1/images/60",
      "v1/images/-1",
      "v1/images/1.5",
      "v1/images/abc",
      "v1/thumbnails/1.webp",
      "v1/thumbnails/..%2fmap.json",
      "map/..%2f..%2fetc%2fpasswd",
      "map/%2e%2e/map.json",
      "..%2fpackage.json",
      "%00",
      "map/",
    ];
    for (const path of paths) {
      const answer = await get(path);
      assert.equal(answer.status, 404, path);
      assert.equal(answer.headers.get("content-type"), "application/problem+json; charset=utf-8", path);
      assert.equal(problem.parse(JSON.parse(text(answer))).code, "not_found", path);
    }
  });

  test("a path that is no path is a bad request", async () => {
    assert.equal((await get("v1/images/%ff")).status, 400);
  });

  test("another method is refused, and told which is right", async () => {
    const wrong = await fetch(`${server.url}v1/embed`);
    assert.equal(wrong.status, 405);
    assert.equal(wrong.headers.get("allow"), "POST");
    for (const path of ["v1/map", "healthz", "docs"]) {
      const response = await fetch(server.url + path, { method: "DELETE" });
      assert.equal(response.status, 405, path);
      assert.equal(response.headers.get("allow"), "GET, HEAD");
    }
  });
});
