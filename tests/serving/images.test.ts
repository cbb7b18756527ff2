// What people have among their images, posted one by one; and what no one would send on purpose.

import assert from "node:assert/strict";
import { lstatSync, readFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { before, describe, test } from "node:test";
import fc from "fast-check";
import sharp from "sharp";
import { DEFAULT_MAX_PIXELS } from "../../models/decoding.ts";
import { tsimcne } from "../support/command.ts";
import { writeAwkwardFolder } from "../support/images.ts";
import { classPicture } from "../support/pictures.ts";
import { embed, imageForm, type LoggedServer, serve } from "../support/server.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { trainTinyMap } from "../support/tiny-map.ts";

const folder = await temporaryFolder();
const at = (...parts: string[]) => join(folder, ...parts);
let server: LoggedServer;
let picture: Buffer;

before(async () => {
  await trainTinyMap(at("map"), at("images"), at("cache"));
  picture = await classPicture(0, 2000);
  server = await serve(at("map"), { maxBodyBytes: 4e6, maxPixels: DEFAULT_MAX_PIXELS });
});

describe("awkward images", () => {
  test("land where the command puts them, or are refused with its reason", async () => {
    const { load, skip } = await writeAwkwardFolder(at("awkward"));
    const { stdout } = await tsimcne(["embed", at("map"), at("awkward")], at("cache"));
    const { results } = JSON.parse(stdout);
    assert.equal(results.length, load.length);
    for (const { path, embedding, novelty } of results) {
      const { status, body } = await embed(server.url, readFileSync(at("awkward", path)));
      assert.equal(status, 200, path);
      assert.deepEqual(body.results[0].embedding, embedding, path);
      assert.equal(body.results[0].novelty, novelty, path);
    }
    for (const { path, reason } of skip) {
      // A link, or a pipe, which would be waited for: nothing that could be sent.
      if (!lstatSync(at("awkward", path), { throwIfNoEntry: false })?.isFile()) continue;
      const bytes = readFileSync(at("awkward", path));
      if (bytes.length > 4e6) continue;
      const { status, body } = await embed(server.url, imageForm([["a", bytes]]));
      assert.ok(status === 422 || status === 400, `${path}: ${status}`);
      if (status === 422)
        assert.match(
          body.errors[0].message,
          new RegExp(reason.source.replace(/ \\\(raise.*$/, ""), reason.flags),
          path,
        );
    }
  });
});

/** Sends bytes as they are and returns the status line, or "" if the connection was closed without one. */
function send(bytes: Uint8Array): Promise<string> {
  const { hostname, port } = new URL(server.url);
  return new Promise((resolve) => {
    let received = "";
    const socket = connect(Number(port), hostname, () => socket.end(bytes));
    socket.on("data", (data) => {
      received += data.toString("latin1");
    });
    socket.on("error", () => {});
    socket.on("close", () => resolve(received.split("\r\n")[0]));
    socket.setTimeout(5000, () => socket.destroy());
  });
}

describe("malformed requests", () => {
  const answersWell = (status: number) => assert.ok(status < 500 || status === 503, `status ${status}`);

  test("damaged pictures never end a thread nor give another 5xx than 503", async () => {
    const formats = ["png", "jpeg", "webp", "gif", "tiff"] as const;
    const kinds = await Promise.all(formats.map((format) => sharp(picture).toFormat(format).toBuffer()));
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...kinds),
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 12 }),
        fc.double({ min: 0.05, max: 1, noNaN: true }),
        async (bytes, changes, share) => {
          const damaged = Buffer.from(bytes.subarray(0, Math.ceil(bytes.length * share)));
          for (const [place, value] of changes) damaged[place % damaged.length] = value;
          const { status } = await embed(server.url, damaged);
          answersWell(status);
        },
      ),
      { numRuns: 150 },
    );
  });

  test("forms of any bytes", async () => {
    const piece = fc.oneof(
      fc
        .constantFrom(
          "--x\r\n",
          "--x--",
          "\r\n\r\n",
          'Content-Disposition: form-data; name="images"; filename="a.png"\r\n',
          "Content-Disposition: form-data\r\n",
          "Content-Type: image/png\r\n",
        )
        .map((text) => Buffer.from(text)),
      fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
      fc.constant(picture),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 10 }), async (pieces) => {
        const { status } = await embed(server.url, Buffer.concat(pieces), {
          headers: { "Content-Type": "multipart/form-data; boundary=x" },
        });
        answersWell(status);
      }),
      { numRuns: 100 },
    );
  });

  test("headers of any kind", async () => {
    const header = fc.oneof(
      fc.constantFrom(
        "Content-Length: -1",
        "Content-Length: 99999999999999",
        "Content-Length: 3",
        "Transfer-Encoding: chunked",
        "Content-Encoding: gzip",
        "Content-Type: multipart/form-data; boundary=",
        "Content-Type: multipart/form-data; boundary=x",
        "Content-Type: image/png",
        "Expect: 100-continue",
        "Accept: */*;q=x",
        'If-None-Match: "',
        "X-Forwarded-For: ,,,",
        `X-Long: ${"a".repeat(20_000)}`,
      ),
      fc.string({ maxLength: 30 }),
    );
    const target = fc.constantFrom(
      "/v1/embed",
      "/v1/points",
      "/map/%zz",
      "/v1/embed?neighbours[]=1",
      "//",
      "*",
    );
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom("GET", "POST", "HEAD", "OPTIONS", "BREW"),
        target,
        fc.array(header, { maxLength: 5 }),
        fc.uint8Array({ maxLength: 50 }),
        async (method, path, headers, body) => {
          const head = `${method} ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${headers.join("\r\n")}\r\n\r\n`;
          const line = await send(Buffer.concat([Buffer.from(head, "latin1"), body]));
          const [, status] = /^HTTP\/1\.1 (\d{3})/.exec(line) ?? [];
          if (status) answersWell(Number(status));
        },
      ),
      { numRuns: 100 },
    );
  });

  test("after all that the server works, with the threads it began with", async () => {
    assert.equal((await embed(server.url, picture)).status, 200);
    const metrics = await (await fetch(`${server.url}metrics`)).text();
    assert.match(metrics, /^tsimcne_worker_failures_total 0$/m);
    assert.ok(!server.logged.some(({ level }) => Number(level) >= 50), "nothing was the server's fault");
  });
});
