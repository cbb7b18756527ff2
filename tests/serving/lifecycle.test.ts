// Start, change of the map, failure of a thread, end.

import assert from "node:assert/strict";
import { once } from "node:events";
import { cpSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { getPriority, platform } from "node:os";
import { join } from "node:path";
import { before, describe, test } from "node:test";
import type { Worker } from "node:worker_threads";
import { start } from "../support/command.ts";
import { classPicture } from "../support/pictures.ts";
import { embed, serve } from "../support/server.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { trainTinyMap } from "../support/tiny-map.ts";
import { until } from "../support/until.ts";

const folder = await temporaryFolder();
const at = (...parts: string[]) => join(folder, ...parts);
let picture: Buffer;

before(async () => {
  await trainTinyMap(at("first"), at("images"), at("cache"), { seed: 1 });
  await trainTinyMap(at("second"), at("images"), at("cache"), { seed: 2 });
  picture = await classPicture(2, 1000);
});

/** The threads that are started while something runs. */
async function workersOf<T>(work: () => Promise<T>): Promise<{ result: T; workers: Worker[] }> {
  const workers: Worker[] = [];
  const collect = (worker: Worker) => workers.push(worker);
  process.on("worker", collect);
  const result = await work();
  process.off("worker", collect);
  return { result, workers };
}

describe("threads that place", () => {
  const skip = platform() !== "linux" && "only Linux gives each thread a priority";
  test("leave requests and decoding the first turn", { skip }, async () => {
    const niceness = () =>
      readdirSync("/proc/self/task").map((thread) => {
        const fields = readFileSync(`/proc/self/task/${thread}/stat`, "utf8").split(") ")[1].split(" ");
        return Number(fields[16]);
      });
    const polite = () => niceness().filter((value) => value > getPriority()).length;
    const before = polite();
    const server = await serve(at("first"), { workers: 2 });
    assert.equal(polite() - before, 2);
    await server.close();
  });
});

describe("a thread that fails", () => {
  test("takes only its own batch with it, and is replaced", async () => {
    const { result: server, workers } = await workersOf(() =>
      serve(at("first"), { workers: 1, batchWaitMs: 0, batchSize: 1 }),
    );
    assert.equal(workers.length, 1);
    const before = await embed(server.url, picture);
    const replaced = once(process, "worker");
    workers[0].postMessage(null); // what it does not understand ends it
    const answers = await Promise.all(Array.from({ length: 5 }, () => embed(server.url, picture)));
    for (const answer of answers) {
      if (answer.status === 200) continue;
      assert.equal(answer.status, 503);
      assert.equal(answer.body.code, "worker_failed");
      assert.equal(answer.headers.get("retry-after"), "1");
    }
    await replaced;
    const after = await embed(server.url, picture);
    assert.deepEqual(after.body, before.body);
    const metrics = await (await fetch(`${server.url}metrics`)).text();
    assert.match(metrics, /^tsimcne_worker_failures_total 1$/m);
  });
});

describe("--watch", () => {
  test("a newer map is taken without a request being dropped, and answers name theirs", async () => {
    cpSync(at("first"), at("live"), { recursive: true });
    const server = await serve(at("live"), { watch: true });
    const first = server.map.info.id;
    const seen = new Set<string>();
    let done = false;
    const asking = (async () => {
      while (!done) {
        const [answer, info] = await Promise.all([
          embed(server.url, picture),
          fetch(`${server.url}map/map.json`).then((response) => response.json()),
        ]);
        assert.equal(answer.status, 200, JSON.stringify(answer.body));
        assert.ok(info.id);
        seen.add(answer.body.map.id);
      }
    })();
    await until("the first map answers", () => seen.size === 1);
    cpSync(at("second"), at("coming"), { recursive: true });
    renameSync(at("live"), at("old"));
    renameSync(at("coming"), at("live"));
    rmSync(at("old"), { recursive: true });
    await until("the map is another", () => server.map.info.id !== first);
    await until("the second map answers", () => seen.size === 2);
    done = true;
    await asking;
    assert.deepEqual([...seen], [first, server.map.info.id]);
  });

  test("what cannot be served does not replace what is", async () => {
    cpSync(at("first"), at("kept"), { recursive: true });
    const server = await serve(at("kept"), { watch: true });
    writeFileSync(at("kept", "map.json"), "{}");
    await until("it is logged", () =>
      server.logged.some(({ msg }) => String(msg).includes("the old one stays")),
    );
    assert.equal((await embed(server.url, picture)).status, 200);
  });

  test("without it the folder may change as it likes", async () => {
    cpSync(at("first"), at("fixed"), { recursive: true });
    const server = await serve(at("fixed"));
    rmSync(at("fixed"), { recursive: true });
    assert.equal((await embed(server.url, picture)).status, 200);
    assert.equal((await fetch(`${server.url}v1/images/3`)).status, 200);
    assert.equal((await fetch(`${server.url}map/encoder.onnx`)).status, 200);
  });
});

describe("the command", () => {
  const serving = (...args: string[]) => start(["serve", at("first"), "--port", "0", ...args], at("cache"));

  async function address(child: ReturnType<typeof start>["child"]): Promise<string> {
    for await (const line of child.stdout!) {
      const found = /http:\/\/\S+/.exec(String(line));
      if (found) return found[0];
    }
    throw new Error("no address was printed");
  }

  test("prints the address; at SIGTERM finishes what was accepted, refuses the rest, and ends with 0", async () => {
    const { child, ended } = serving("--batch-wait", "1500", "--batch-size", "100");
    const url = await address(child);
    assert.match(url, /^http:\/\/127\.0\.0\.1:\d+\/$/);
    assert.equal((await fetch(`${url}readyz`)).status, 200);
    const accepted = embed(url, picture);
    await until("it is accepted", async () =>
      /^tsimcne_queue_images 1$/m.test(await (await fetch(`${url}metrics`)).text()),
    );
    child.kill("SIGTERM");
    await until("it drains", async () => (await fetch(`${url}readyz`)).status === 503);
    const refused = await embed(url, picture);
    assert.equal(refused.status, 503);
    assert.equal(refused.body.code, "draining");
    assert.equal((await accepted).status, 200);
    const { code, stderr } = await ended;
    assert.equal(code, 0, stderr);
  });

  test("--json prints the address as JSON, the log goes to standard error", async () => {
    const { child, ended } = serving("--json");
    const [line] = (await once(child.stdout!, "data")) as [Buffer];
    const { url, map } = JSON.parse(String(line));
    assert.equal(map.name, "first");
    await fetch(`${url}healthz`);
    child.kill("SIGINT");
    const { stderr } = await ended;
    const lines = stderr
      .trim()
      .split("\n")
      .map((text) => JSON.parse(text));
    assert.ok(lines.some(({ req }) => req?.url === "/healthz"));
  });

  test("a port that is taken, a map that is none: one line, exit code 1", async () => {
    const server = await serve(at("first"));
    const { port } = new URL(server.url);
    const taken = await start(["serve", at("first"), "--port", port], at("cache")).ended;
    assert.equal(taken.code, 1);
    assert.match(taken.stderr, /^tsimcne: cannot listen: port \d+ is taken; choose another with --port\n$/);
    const none = await start(["serve", at("images"), "--port", "0"], at("cache")).ended;
    assert.equal(none.code, 1);
    assert.match(none.stderr, /^tsimcne: .*images: not a trained map, it holds no map\.json\n$/);
    cpSync(at("first"), at("damaged"), { recursive: true });
    writeFileSync(at("damaged", "encoder.onnx"), "nothing");
    const damaged = await start(["serve", at("damaged"), "--port", "0"], at("cache")).ended;
    assert.equal(damaged.code, 1);
    assert.match(damaged.stderr, /^tsimcne: .*encoder\.onnx has 7 bytes instead of \d+; .*\n$/);
  });

  test("wrong options: exit code 2", async () => {
    for (const args of [
      ["--port", "70000"],
      ["--timeout", "0"],
      ["--max-files", "600"],
      ["--api-key", ""],
      ["--workers", "many"],
    ]) {
      const { code, stderr } = await start(["serve", at("first"), ...args], at("cache")).ended;
      assert.equal(code, 2, args.join(" "));
      assert.match(stderr, /^tsimcne: .*\n$/, args.join(" "));
    }
  });
});
