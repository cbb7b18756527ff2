// How much of what the threads can do is left over HTTP: autocannon with 64 connections against `tsimcne serve`, next
// to decoding and placing without HTTP, by the same number of threads in the same run.
//
//   node --import ./tests/support/typescript.mjs tests/benchmarks/serving.bench.ts [map] [--seconds 60]

import { fork, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import autocannon from "autocannon";
import { builtCommand } from "../support/built.ts";
import { median } from "../support/median.ts";
import { photograph } from "../support/photograph.ts";
import { trainTinyMap } from "../support/tiny-map.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const CONNECTIONS = 64;
const ROUNDS = 3;

const { values, positionals } = parseArgs({
  options: { seconds: { type: "string", default: "60" } },
  allowPositionals: true,
});
const seconds = Number(values.seconds);
const folder = await mkdtemp(join(tmpdir(), "tsimcne-bench-"));
const map = positionals[0] ?? join(folder, "map");
if (!positionals[0]) await trainTinyMap(map, join(folder, "images"), join(folder, "cache"));

/** 64 connections that post an image again and again, for so many seconds or so often. */
function run(url: string, body: Buffer, extent: { duration: number } | { amount: number }) {
  return autocannon({
    url: `${url}v1/embed`,
    method: "POST",
    headers: { "content-type": "image/jpeg" },
    body,
    connections: CONNECTIONS,
    ...extent,
  });
}

async function load(url: string, body: Buffer, duration: number) {
  const health: number[] = [];
  let watching = true;
  const watch = (async () => {
    while (watching) {
      const start = performance.now();
      await (await fetch(`${url}healthz`)).text();
      health.push(performance.now() - start);
      await sleep(20);
    }
  })();
  const result = await run(url, body, { duration });
  watching = false;
  await watch;
  health.sort((a, b) => a - b);
  return {
    perSecond: result["2xx"] / result.duration,
    failures: result.non2xx + result.errors + result.timeouts,
    p99: result.latency.p99,
    healthP99: health[Math.floor(health.length * 0.99)],
  };
}

interface Round extends Awaited<ReturnType<typeof load>> {
  readonly ofEncoded: number;
  readonly ofPlaced: number;
}

/** Images a second without HTTP, in a process of its own. */
async function direct(body: Buffer, duration: number): Promise<{ placed: number; encoded: number }> {
  const child = fork(new URL("./serving-direct.ts", import.meta.url), {
    execArgv: ["--import", join(ROOT, "tests/support/typescript.mjs")],
  });
  child.send({ map, body: body.toString("base64"), seconds: duration, inFlight: CONNECTIONS });
  const [result] = (await once(child, "message")) as [{ placed: number; encoded: number }];
  child.disconnect();
  return result;
}

/** Starts the built command; ends it with `stop`. */
async function startServer() {
  const command = [builtCommand(), "serve", map, "--port", "0", "--json", "--log-level", "error"];
  const child = spawn(process.execPath, command, { stdio: ["ignore", "pipe", "inherit"] });
  const [line] = (await once(child.stdout, "data")) as [Buffer];
  const stop = async () => {
    child.kill("SIGTERM");
    await once(child, "exit");
  };
  return { url: (JSON.parse(String(line)) as { url: string }).url, pid: child.pid!, stop };
}

const small = await photograph(32, 32);
const large = await photograph(500, 375);

console.log(
  `${availableParallelism()} processors, ${CONNECTIONS} connections, ${seconds} s each in ${ROUNDS} rounds (medians)`,
);
const server = await startServer();
await load(server.url, small, 2);
for (const [name, body] of [
  ["32 × 32", small],
  ["500 × 375", large],
] as const) {
  // The speed of a machine changes from minute to minute: the sides alternate, and each round has ratios of its own.
  const rounds: Round[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const { placed, encoded } = await direct(body, seconds / ROUNDS / 2);
    const http = await load(server.url, body, seconds / ROUNDS);
    rounds.push({ ...http, ofEncoded: http.perSecond / encoded, ofPlaced: http.perSecond / placed });
  }
  const middle = (key: keyof Round, digits = 0) => median(rounds.map((round) => round[key])).toFixed(digits);
  console.log(
    `${name} (${(body.length / 1000).toFixed(1)} kB): ${middle("perSecond")} images/s over HTTP; ` +
      `${middle("ofEncoded", 2)} of what goes without HTTP and novelty, ${middle("ofPlaced", 2)} without HTTP; ` +
      `failures ${rounds.reduce((sum, { failures }) => sum + failures, 0)}, ` +
      `p99 ${middle("p99")} ms, p99 of /healthz ${middle("healthP99")} ms`,
  );
}
await server.stop();

const fresh = await startServer();
const residentAfter = async (amount: number) => {
  await run(fresh.url, small, { amount });
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${fresh.pid}/status`, "utf8"))![1]) / 1024;
};
const early = await residentAfter(2000);
const late = await residentAfter(18_000);
console.log(
  `resident memory: ${early.toFixed(0)} MiB after 2,000 requests, ${late.toFixed(0)} MiB after 20,000 ` +
    `(${(100 * (late / early - 1)).toFixed(0)} % more)`,
);
await fresh.stop();
await rm(folder, { recursive: true, force: true });
