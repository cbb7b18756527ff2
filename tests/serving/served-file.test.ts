import assert from "node:assert/strict";
import { type EventEmitter, once } from "node:events";
import { truncate, writeFile } from "node:fs/promises";
import { get, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import express from "express";
import { openServedFile, readServedFile, type ServedFile, sendFile } from "../../serving/served-file.ts";
import { temporaryFolder } from "../support/temporary.ts";

const BYTES = 20_000_001;
const path = join(await temporaryFolder(), "large.bin");
const content = Uint8Array.from({ length: BYTES }, (_, i) => (i * 31) % 251);
let file: ServedFile;
let server: Server;
let url: string;
/** What became of the last answer. */
let sent: Promise<void>;

before(async () => {
  await writeFile(path, content);
  file = await openServedFile(path, '"1"');
  const app = express().get("/", (request, response, next) => {
    sent = sendFile(request, response, file);
    sent.catch(next);
  });
  // Express' own handler would write every error on the terminal.
  app.use(((_error, _request, response, _next) => response.destroy()) as express.ErrorRequestHandler);
  server = app.listen(0, "127.0.0.1");
  await once(server, "listening");
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
});
after(async () => {
  server.close();
  server.closeAllConnections();
  await file.handle.close();
});

async function answer(): Promise<IncomingMessage> {
  const [response] = await once(get(url, { agent: false }), "response");
  return response;
}

describe("a file that is served", () => {
  test("is whole, at once and piece by piece, also for several at a time", async () => {
    assert.deepEqual(await readServedFile(file), content);
    const bodies = await Promise.all([1, 2, 3].map(async () => (await fetch(url)).arrayBuffer()));
    for (const body of bodies) assert.deepEqual(new Uint8Array(body), content);
  });

  test("a client that goes away is no error", async () => {
    const response = await answer();
    await once(response, "data");
    response.destroy();
    await sent;
  });

  test("nothing is kept of an answer", async () => {
    for (let i = 0; i < 3; i++) (await answer()).destroy();
    await sent;
    await (await fetch(url)).arrayBuffer();
    // It is one, which its types do not tell.
    assert.equal((file.handle as unknown as EventEmitter).listenerCount("close"), 0);
  });

  test("an answer breaks off where the file has become shorter", async () => {
    await truncate(path, Math.floor(BYTES / 2));
    await assert.rejects((await fetch(url)).arrayBuffer());
    await assert.rejects(sent, /has become shorter/);
    await assert.rejects(readServedFile(file), /has become shorter/);
  });
});
