import type { Argv, CommandModule } from "yargs";
import { withMap, withProgressOptions, withReadingOptions } from "../options.ts";

const builder = (argv: Argv) =>
  withProgressOptions(
    withReadingOptions(
      withMap(argv)
        .positional("images", {
          type: "string",
          array: true,
          demandOption: true,
          describe: "Images, folders, archives or manifests",
        })
        .option("format", {
          choices: ["json", "csv", "parquet"] as const,
          default: "json" as const,
          describe: "Of the result; parquet needs --out",
        })
        .option("out", { type: "string", describe: "File to write; default: standard output" }),
    ),
  )
    .example("$0 embed models/trained/photos new.jpg", "where one image falls")
    .example("$0 embed models/trained/photos ./new --format csv --out new.csv", "a whole folder, as a table");

export type EmbedArguments = Awaited<ReturnType<typeof builder>["argv"]>;

/** `tsimcne embed`: new images on a map that does not change. */
export const embedCommand: CommandModule<object, EmbedArguments> = {
  command: "embed <map> <images..>",
  describe: "Place new images on a map",
  builder: builder as (argv: Argv) => Argv<EmbedArguments>,
  handler: async (args) => (await import("../run-embed.ts")).runEmbed(args),
};
