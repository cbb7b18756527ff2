// Each limit by itself: what is over it is refused with the right status, what is not goes through.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { before, describe, test } from "node:test";
import sharp from "sharp";
import { problem } from "../../serving/schemas.ts";
import { hugePng } from "../support/images.ts";
import { classPicture } from "../support/pictures.ts";
import { embed, imageForm, rawRequest, serve } from "../support/server.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { trainTinyMap } from "../support/tiny-map.ts";
import { until } from "../support/until.ts";

const folder = await temporaryFolder();
const [map, images, cache] = ["map", "images", "cache"].map((name) => join(folder, name));
let picture: Buffer;

before(async () => {
  await trainTinyMap(map, images, cache);
  picture = await classPicture(1, 1000);
});

function assertProblem(
  answer: { status: number; headers: Headers; body: unknown },
  status: number,
  code: string,
): void {
  assert.equal(answer.status, status, JSON.stringify(answer.body));
  assert.match(answer.headers.get("content-type")!, /^application\/problem\+json/);
  const { status: told, code: kind, detail } = problem.parse(answer.body);
  assert.equal(told, status);
  assert.equal(kind, code);
  assert.doesNotMatch(detail, /\n|--|\bat [^ ]+:\d/, "one line, for people");
}

describe("limits", () => {
  test("body: 413, told by its length or found while reading", async () => {
    const server = await serve(map, { maxBodyBytes: 5000 });
    const body = Buffer.alloc(5001, 1);
    assertProblem(await embed(server.url, body), 413, "body_too_large");
    const chunked = await fetch(`${server.url}v1/embed`, {
      method: "POST",
      headers: { "Content-Type": "image/png" },
      body: new Blob([body]).stream(),
      duplex: "half",
    } as RequestInit);
    assertProblem(
      { status: chunked.status, headers: chunked.headers, body: await chunked.json() },
      413,
      "body_too_large",
    );
    assert.equal((await embed(server.url, picture)).status, 200);
  });

  test("files in a request: 413", async () => {
    const server = await serve(map, { maxFiles: 2 });
    const files = ["a", "b", "c"].map((name) => [name, picture] as const);
    assertProblem(await embed(server.url, imageForm(files)), 413, "too_many_files");
    assert.equal((await embed(server.url, imageForm(files.slice(1)))).status, 200);
  });

  test("pixels: 422 before anything is decoded", async () => {
    const server = await serve(map, { maxPixels: 1e6 });
    const mostlyMissing = hugePng(20_000, 20_000).subarray(0, 1000);
    const answer = await embed(server.url, mostlyMissing);
    assertProblem(answer, 422, "unusable_images");
    assert.deepEqual(answer.body.errors, [
      {
        name: "image",
        code: "too_many_pixels",
        message: "20000 × 20000 is 400 megapixels, over the limit of 1",
      },
    ]);
    const allowed = await sharp({
      create: { width: 1000, height: 1000, channels: 3, background: "red" },
    })
      .png()
      .toBuffer();
    assert.equal((await embed(server.url, allowed)).status, 200);
  });

  test("time: 503 with Retry-After for what cannot be placed in time", async () => {
    const server = await serve(map, { timeoutMs: 1, batchWaitMs: 200 });
    const answer = await embed(server.url, picture);
    assertProblem(answer, 503, "timeout");
    assert.equal(answer.headers.get("retry-after"), "1");
  });

  test("time: 408 for a body that does not come", async () => {
    const server = await serve(map, { timeoutMs: 100 });
    const { hostname, port } = new URL(server.url);
    const text = await new Promise<string>((resolve, reject) => {
      const socket = connect(Number(port), hostname, () => {
        socket.write(
          "POST /v1/embed HTTP/1.1\r\nHost: x\r\nContent-Type: image/png\r\nContent-Length: 999\r\n\r\nabc",
        );
      });
      let received = "";
      socket.on("data", (data) => {
        received += data;
      });
      socket.on("close", () => resolve(received));
      socket.on("error", reject);
    });
    assert.match(text, /^HTTP\/1\.1 408 /);
    assert.match(text, /"code":"request_timeout"/);
  });

  test("queue: 503 with Retry-After, and what was accepted is answered", async () => {
    const server = await serve(map, { maxQueue: 4, maxFiles: 4, batchWaitMs: 1000, batchSize: 100 });
    const answers = await Promise.all(Array.from({ length: 12 }, () => embed(server.url, picture)));
    const refused = answers.filter(({ status }) => status !== 200);
    assert.equal(answers.length - refused.length, 4);
    for (const answer of refused) {
      assertProblem(answer, 503, "queue_full");
      assert.equal(answer.headers.get("retry-after"), "1");
    }
    assert.equal((await embed(server.url, picture)).status, 200, "there is room again");
  });

  test("queue: a client that goes away leaves it, which is no error of the server", async () => {
    const server = await serve(map, { batchWaitMs: 600_000, batchSize: 100 });
    const waiting = async () => {
      const metrics = await (await fetch(`${server.url}metrics`)).text();
      return Number(/^tsimcne_queue_images (\d+)$/m.exec(metrics)![1]);
    };
    const client = new AbortController();
    const answer = fetch(`${server.url}v1/embed`, {
      method: "POST",
      headers: { "Content-Type": "image/png" },
      body: new Uint8Array(picture),
      signal: client.signal,
    });
    await until("the image waits", async () => (await waiting()) === 1);
    client.abort();
    await assert.rejects(answer);
    await until("nothing waits, long before its batch", async () => (await waiting()) === 0);
    assert.deepEqual(
      server.logged.filter(({ level }) => Number(level) >= 50),
      [],
    );
  });

  test("rate: 429 with Retry-After, for placing only", async () => {
    const server = await serve(map, { rateLimit: 3 });
    const answers = [];
    for (let i = 0; i < 4; i++) answers.push(await embed(server.url, picture));
    assert.deepEqual(
      answers.map(({ status }) => status),
      [200, 200, 200, 429],
    );
    assertProblem(answers[3], 429, "rate_limited");
    assert.ok(Number(answers[3].headers.get("retry-after")) > 0);
    assert.equal((await fetch(`${server.url}v1/map`)).status, 200);
  });

  test("rate: behind a proxy by the address that it tells, if it is trusted", async () => {
    const [trusting, wary] = [
      await serve(map, { rateLimit: 1, trustProxy: 1 }),
      await serve(map, { rateLimit: 1 }),
    ];
    const from = (address: string) => ({ headers: { "X-Forwarded-For": address } });
    assert.equal((await embed(trusting.url, picture, from("10.0.0.1"))).status, 200);
    assert.equal((await embed(trusting.url, picture, from("10.0.0.2"))).status, 200);
    assert.equal((await embed(trusting.url, picture, from("10.0.0.1"))).status, 429);
    assert.equal((await embed(wary.url, picture)).status, 200);
    assert.equal((await embed(wary.url, picture)).status, 429);
  });

  test("images that wait are placed together, as many as a batch takes", async () => {
    const server = await serve(map, { workers: 1, batchSize: 8, batchWaitMs: 50 });
    await Promise.all(Array.from({ length: 16 }, () => embed(server.url, picture)));
    const metrics = await (await fetch(`${server.url}metrics`)).text();
    const batches = Number(/^tsimcne_batch_images_count (\d+)/m.exec(metrics)![1]);
    const sum = Number(/^tsimcne_batch_images_sum (\d+)/m.exec(metrics)![1]);
    assert.equal(sum, 16);
    assert.ok(batches >= 2 && batches <= 6, `${batches} batches`);
  });
});

describe("access", () => {
  test("an API key is demanded for placing, if one is set", async () => {
    const server = await serve(map, { apiKey: "right key" });
    for (const authorization of [
      undefined,
      "Bearer wrong",
      "Bearer right ke",
      "Basic right key",
      "right key",
    ]) {
      const headers: Record<string, string> = authorization ? { Authorization: authorization } : {};
      const answer = await embed(server.url, picture, { headers });
      assertProblem(answer, 401, "unauthorized");
      assert.equal(answer.headers.get("www-authenticate"), "Bearer");
    }
    const right = await embed(server.url, picture, { headers: { Authorization: "Bearer right key" } });
    assert.equal(right.status, 200);
    assert.equal((await fetch(`${server.url}v1/map`)).status, 200);
    assert.deepEqual(await (await fetch(`${server.url}site.json`)).json(), { server: true, apiKey: true });
  });

  test("pages of other origins are let in only if named", async () => {
    const server = await serve(map, { cors: ["https://a.example"] });
    const preflight = (origin: string) =>
      rawRequest(`${server.url}v1/embed`, {
        method: "OPTIONS",
        headers: { Origin: origin, "Access-Control-Request-Method": "POST" },
      });
    const allowed = await preflight("https://a.example");
    assert.equal(allowed.status, 204);
    assert.equal(allowed.headers["access-control-allow-origin"], "https://a.example");
    assert.notEqual(
      (await preflight("https://b.example")).headers["access-control-allow-origin"],
      "https://b.example",
    );
    const anyone = await serve(map, { cors: ["*"] });
    const answer = await fetch(`${anyone.url}v1/map`, { headers: { Origin: "https://c.example" } });
    assert.equal(answer.headers.get("access-control-allow-origin"), "*");
  });
});

describe("requests that are not right", () => {
  test("another type of body: 415, before it is read", async () => {
    const server = await serve(map);
    for (const type of ["application/json", "text/plain", "application/octet-stream", "multipart/mixed"]) {
      assertProblem(
        await embed(server.url, picture, { headers: { "Content-Type": type } }),
        415,
        "unsupported_media_type",
      );
    }
    const none = await rawRequest(`${server.url}v1/embed`, { method: "POST" }, picture);
    assert.equal(none.status, 415);
    const packed = await embed(server.url, picture, { headers: { "Content-Encoding": "br2" } });
    assertProblem(packed, 415, "unsupported_media_type");
  });

  test("unknown or impossible parameters: 400", async () => {
    const server = await serve(map);
    for (const query of [
      "?neighbours=-1",
      "?neighbours=101",
      "?neighbours=x",
      "?neighbours=1&neighbours=2",
      "?space=z",
      "?k=3",
    ]) {
      assertProblem(await embed(server.url, picture, { query }), 400, "bad_request");
    }
  });

  test("no image: 400; nothing but broken ones: 422 with each reason", async () => {
    const server = await serve(map);
    assertProblem(await embed(server.url, Buffer.alloc(0)), 400, "bad_request");
    const other = new FormData();
    other.append("files", new Blob([new Uint8Array(picture)]), "a.png");
    assertProblem(await embed(server.url, other), 400, "bad_request");
    const texts = new FormData();
    texts.append("images", "not a file");
    assertProblem(await embed(server.url, texts), 400, "bad_request");
    const broken = await embed(
      server.url,
      imageForm([
        ["a.png", Buffer.from("text")],
        ["b.png", Buffer.alloc(0)],
      ]),
    );
    assertProblem(broken, 422, "unusable_images");
    assert.deepEqual(
      broken.body.errors.map(({ message }: { message: string }) => message),
      ["not an image (text)", "empty file"],
    );
  });

  test("a form that breaks off: 400", async () => {
    const server = await serve(map);
    const type = "multipart/form-data; boundary=x";
    const bodies = [
      "--x\r\n",
      '--x\r\nContent-Disposition: form-data; name="images"; filename="a"\r\n\r\nabc',
      "abc",
      "--x--",
    ];
    for (const body of bodies) {
      const answer = await rawRequest(
        `${server.url}v1/embed`,
        { method: "POST", headers: { "Content-Type": type } },
        body,
      );
      assert.equal(answer.status, 400, body);
    }
    const without = await rawRequest(
      `${server.url}v1/embed`,
      { method: "POST", headers: { "Content-Type": "multipart/form-data" } },
      readFileSync(join(map, "map.png")),
    );
    assert.equal(without.status, 400);
  });
});
