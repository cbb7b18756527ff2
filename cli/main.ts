// The command `tsimcne`. Results go to stdout, everything else to stderr; exit 0 done, 1 failed, 2 wrong usage.

import "../models/telemetry.node.ts";
import yargs from "yargs";
import { hideBin } from "yargs/helpers";
import { reasonOf } from "../models/errors.ts";
import { artifactsCommand } from "./commands/artifacts.ts";
import { duplicatesCommand } from "./commands/duplicates.ts";
import { embedCommand } from "./commands/embed.ts";
import { evaluateCommand } from "./commands/evaluate.ts";
import { outliersCommand } from "./commands/outliers.ts";
import { plotCommand } from "./commands/plot.ts";
import { serveCommand } from "./commands/serve.ts";
import { siteCommand } from "./commands/site.ts";
import { trainCommand } from "./commands/train.ts";
import { HELP_WIDTH } from "./help-width.ts";
import { INTERRUPTED } from "./interrupt.ts";
import { packageVersion } from "./package-version.ts";

const FAILED = 1;
const WRONG_USAGE = 2;

function fail(message: string, code: number): never {
  process.stderr.write(`tsimcne: ${message}\n`);
  process.exit(code);
}

/** What may be given several times. */
const LISTS = ["_", "images", "cors"];

/** Of other options given twice the last one counts. yargs can do that too, but then drops images of `embed` as well. */
function lastCounts(args: Record<string, unknown>): void {
  for (const [name, value] of Object.entries(args)) {
    if (Array.isArray(value) && !LISTS.includes(name)) args[name] = value.at(-1);
  }
}

const parser = yargs(hideBin(process.argv))
  .scriptName("tsimcne")
  .locale("en")
  .middleware(lastCounts, true)
  .usage("$0 <command>\n\nLearn a 2-D map of an image collection without labels, and place new images on it.")
  .command(trainCommand)
  .command(embedCommand)
  .command(evaluateCommand)
  .command(plotCommand)
  .command(duplicatesCommand)
  .command(outliersCommand)
  .command(serveCommand)
  .command(siteCommand)
  .command(artifactsCommand)
  .demandCommand(1, "name a command")
  .option("debug", {
    type: "boolean",
    default: false,
    describe: "Show where an error came from",
    global: true,
  })
  .strict()
  .version(packageVersion)
  .help()
  .wrap(Math.min(HELP_WIDTH, process.stdout.columns ?? HELP_WIDTH))
  .exitProcess(false)
  .fail((message, error) => {
    // What a command throws is reported below; the rest is wrong usage.
    if (error && error.name !== "YError" && error.name !== "UsageError") throw error;
    fail(`${reasonOf(message ?? error)} (tsimcne --help explains)`, WRONG_USAGE);
  });

try {
  await parser.parseAsync();
} catch (error) {
  if (process.argv.includes("--debug")) console.error(error);
  const interrupted = error instanceof Error && error.name === "Interrupted";
  fail(reasonOf(error), interrupted ? INTERRUPTED : FAILED);
}
