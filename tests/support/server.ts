// A server on a free port, for the tests of one file, and the ways to talk to it.

import assert from "node:assert/strict";
import { request as httpRequest, type IncomingHttpHeaders, type RequestOptions } from "node:http";
import { after } from "node:test";
import pino from "pino";
import { defaultServingOptions, type ServingOptions } from "../../serving/options.ts";
import { type RunningServer, startServer } from "../../serving/server.ts";

export interface LoggedServer extends RunningServer {
  /** What it has logged, one object a line. */
  readonly logged: Record<string, unknown>[];
}

// A server runs for months: what Node takes for a leak in seconds of tests is one.
const warnings: string[] = [];
process.on("warning", ({ name, stack }) => {
  if (name === "MaxListenersExceededWarning") warnings.push(`${stack}`);
});

const open: (() => Promise<void>)[] = [];
// Here and not where a server is started: `after` within a hook would close it with the hook.
after(async () => {
  for (const close of open) await close();
  assert.deepEqual(warnings, []);
});

/** Starts a server that is closed after the tests of this file. */
export async function serve(dir: string, changes: Partial<ServingOptions> = {}): Promise<LoggedServer> {
  const logged: Record<string, unknown>[] = [];
  const logger = pino({ level: "info" }, { write: (line: string) => void logged.push(JSON.parse(line)) });
  const options = { ...defaultServingOptions(1), ...changes };
  const server = await startServer({ dir, host: "127.0.0.1", port: 0, options, logger, version: "0.0.0" });
  let closing: Promise<void> | undefined;
  const close = () => {
    closing ??= server.close();
    return closing;
  };
  open.push(close);
  return {
    url: server.url,
    hasPage: server.hasPage,
    get map() {
      return server.map;
    },
    close,
    logged,
  };
}

/** A form with files in the field "images". */
export function imageForm(files: readonly (readonly [name: string, bytes: Uint8Array])[]): FormData {
  const form = new FormData();
  for (const [name, bytes] of files) form.append("images", new Blob([new Uint8Array(bytes)]), name);
  return form;
}

/** POST /v1/embed with a form, or with the bytes of one image. */
export async function embed(
  url: string,
  body: FormData | Uint8Array,
  { query = "", headers = {} }: { query?: string; headers?: Record<string, string> } = {},
  // biome-ignore lint/suspicious/noExplicitAny: what comes back is what is being tested.
): Promise<{ status: number; headers: Headers; body: any }> {
  const type: Record<string, string> = body instanceof FormData ? {} : { "Content-Type": "image/png" };
  const response = await fetch(`${url}v1/embed${query}`, {
    method: "POST",
    body: body as BodyInit,
    headers: { ...type, ...headers },
  });
  return { status: response.status, headers: response.headers, body: await response.json() };
}

/** A request that fetch would refuse to send. */
export function rawRequest(
  url: string,
  options: RequestOptions,
  body?: Uint8Array | string,
): Promise<{ status: number; headers: IncomingHttpHeaders; text: string }> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(url, options, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (piece: string) => {
        text += piece;
      });
      response.on("end", () => resolve({ status: response.statusCode!, headers: response.headers, text }));
      response.on("error", reject);
    });
    request.on("error", reject);
    request.end(body);
  });
}
