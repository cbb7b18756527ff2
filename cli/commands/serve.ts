import { availableParallelism } from "node:os";
import type { Argv, CommandModule } from "yargs";
import { defaultServingOptions } from "../../serving/options.ts";
import { withMap } from "../options.ts";
import { number, optional, wholeNumber } from "../usage.ts";

const defaults = defaultServingOptions(availableParallelism());

const builder = (argv: Argv) =>
  withMap(argv)
    .option("host", {
      type: "string",
      default: "127.0.0.1",
      describe: "Address to listen on; 0.0.0.0 for all of this machine",
    })
    .option("port", {
      type: "string",
      default: 3000,
      coerce: wholeNumber("port", 0, 65535),
      describe: "Port to listen on; 0 for any that is free",
    })
    .option("watch", {
      type: "boolean",
      default: false,
      describe: "Switch to a newer map when the folder is replaced by one",
    })
    .group(["host", "port", "watch"], "Serving:")
    .option("max-body-megabytes", {
      type: "string",
      default: defaults.maxBodyBytes / 1e6,
      coerce: number("max-body-megabytes", 0, true),
      describe: "Refuse larger request bodies (413)",
    })
    .option("max-files", {
      type: "string",
      default: defaults.maxFiles,
      coerce: wholeNumber("max-files", 1),
      describe: "Refuse requests with more images (413)",
    })
    .option("max-megapixels", {
      type: "string",
      default: defaults.maxPixels / 1e6,
      coerce: number("max-megapixels", 0, true),
      describe: "Refuse larger images, before they are decoded (422)",
    })
    .option("timeout", {
      type: "string",
      default: defaults.timeoutMs / 1000,
      coerce: number("timeout", 0, true),
      describe: "Seconds for a request (503)",
    })
    .option("max-queue", {
      type: "string",
      default: defaults.maxQueue,
      coerce: wholeNumber("max-queue", 1),
      describe: "Images that may wait; more are refused with Retry-After (503)",
    })
    .option("rate-limit", {
      type: "string",
      default: defaults.rateLimit,
      coerce: wholeNumber("rate-limit", 0),
      describe: "Requests an address may make in a minute (429); 0 for any number",
    })
    .option("api-key", {
      type: "string",
      describe: "Demand this key for placing images; default: $TSIMCNE_API_KEY, if set",
    })
    .option("cors", {
      type: "string",
      array: true,
      default: [] as string[],
      describe: "Origins whose pages may use the API, such as https://example.org; * for all",
    })
    .option("trust-proxy", {
      type: "string",
      default: defaults.trustProxy,
      coerce: wholeNumber("trust-proxy", 0),
      describe: "Proxies in front, whose X-Forwarded-For is believed",
    })
    .group(
      [
        "max-body-megabytes",
        "max-files",
        "max-megapixels",
        "timeout",
        "max-queue",
        "rate-limit",
        "api-key",
        "cors",
        "trust-proxy",
      ],
      "Limits and access:",
    )
    .option("workers", {
      type: "string",
      coerce: optional(wholeNumber("workers", 1)),
      describe: "Threads that place images; default: one a processor",
    })
    .option("decodes", {
      type: "string",
      coerce: optional(wholeNumber("decodes", 1)),
      describe: "Images decoded side by side; default: two a processor",
    })
    .option("batch-size", {
      type: "string",
      default: defaults.batchSize,
      coerce: wholeNumber("batch-size", 1),
      describe: "Images placed at once, at most",
    })
    .option("batch-wait", {
      type: "string",
      default: defaults.batchWaitMs,
      coerce: number("batch-wait", 0),
      describe: "Milliseconds an image waits for others to be placed with",
    })
    .group(["workers", "decodes", "batch-size", "batch-wait"], "Throughput:")
    .option("log-level", {
      choices: ["debug", "info", "warn", "error", "silent"] as const,
      default: "info" as const,
      describe: "What is logged, as JSON on standard error",
    })
    .option("json", { type: "boolean", default: false, describe: "Print the address as a JSON object" })
    .group(["log-level", "json", "debug"], "Output:")
    .example("$0 serve models/trained/photos", "the map at http://127.0.0.1:3000/")
    .example("$0 serve models/trained/photos --host 0.0.0.0 --port 80 --rate-limit 60", "for others");

export type ServeArguments = Awaited<ReturnType<typeof builder>["argv"]>;

/** `tsimcne serve`: the HTTP endpoint and the web page of a map. */
export const serveCommand: CommandModule<object, ServeArguments> = {
  command: "serve <map>",
  describe: "Show a map in the browser and place images over HTTP",
  builder: builder as (argv: Argv) => Argv<ServeArguments>,
  handler: async (args) => (await import("../run-serve.ts")).runServe(args),
};
