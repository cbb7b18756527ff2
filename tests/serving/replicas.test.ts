// Two processes behind nginx give the same answers, and one may go without a request being lost. This is what
// compose.yaml sets up with containers.

import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { start } from "../support/command.ts";
import { classPicture } from "../support/pictures.ts";
import { embed } from "../support/server.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { trainTinyMap } from "../support/tiny-map.ts";

/** Debian has it where only root looks. */
const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` };
const hasNginx = spawnSync("nginx", ["-v"], { env }).status === 0;

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, "close");
  return port;
}

describe("two replicas behind nginx", {
  skip: !hasNginx && "nginx is not installed (Debian: nginx-light)",
}, () => {
  const replicas: ReturnType<typeof start>[] = [];
  let nginx: ChildProcess | undefined;
  let url: string;
  let picture: Buffer;

  before(async () => {
    const folder = await temporaryFolder();
    const [map, images, cache] = ["map", "images", "cache"].map((name) => join(folder, name));
    await trainTinyMap(map, images, cache);
    picture = await classPicture(3, 1000);
    const ports: string[] = [];
    for (let i = 0; i < 2; i++) {
      const replica = start(["serve", map, "--port", "0", "--json", "--trust-proxy", "1"], cache);
      replicas.push(replica);
      const [line] = (await once(replica.child.stdout!, "data")) as [Buffer];
      ports.push(new URL(JSON.parse(String(line)).url).port);
    }
    const port = await freePort();
    const settings = readFileSync(new URL("../../serving/nginx.conf", import.meta.url), "utf8")
      .replace("server-1:3000", `127.0.0.1:${ports[0]}`)
      .replace("server-2:3000", `127.0.0.1:${ports[1]}`)
      .replace("listen 8080", `listen 127.0.0.1:${port}`);
    writeFileSync(join(folder, "nginx.conf"), settings);
    const globals = `daemon off; pid ${join(folder, "nginx.pid")}; error_log stderr;`;
    nginx = spawn("nginx", ["-p", folder, "-c", join(folder, "nginx.conf"), "-g", globals], {
      stdio: "ignore",
      env,
    });
    url = `http://127.0.0.1:${port}/`;
    for (let i = 0; i < 100; i++) {
      if (
        await fetch(`${url}readyz`).then(
          (response) => response.ok,
          () => false,
        )
      )
        return;
      await sleep(50);
    }
    throw new Error("nginx does not answer");
  });
  after(async () => {
    nginx?.kill();
    for (const { child, ended } of replicas) {
      child.kill();
      await ended;
    }
  });

  test("equal answers, whichever replica gives them", async () => {
    const answers = await Promise.all(Array.from({ length: 24 }, () => embed(url, picture)));
    const given = new Set(answers.map(({ headers }) => headers.get("x-replica")));
    assert.equal(given.size, 2, "both have answered");
    for (const { status, body } of answers) {
      assert.equal(status, 200);
      assert.deepEqual(body, answers[0].body);
    }
  });

  test("while one shuts down every request is answered by the other", async () => {
    const asking = Array.from({ length: 30 }, async (_, i) => {
      await sleep(20 * i);
      return await embed(url, picture);
    });
    await sleep(200);
    replicas[0].child.kill("SIGTERM");
    for (const { status, body } of await Promise.all(asking)) assert.equal(status, 200, JSON.stringify(body));
    assert.equal((await replicas[0].ended).code, 0);
  });
});
