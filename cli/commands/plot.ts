import type { Argv, CommandModule } from "yargs";
import { withMap, withOutputOptions } from "../options.ts";

const builder = (argv: Argv) =>
  withOutputOptions(
    withMap(argv)
      .option("out", {
        type: "string",
        default: "map.png",
        describe: "File to write: .png, .svg or .html",
      })
      .option("show", {
        choices: ["pictures", "points"] as const,
        default: "pictures" as const,
        describe:
          "The pictures themselves, thinned so that they do not cover each other, or a point for each",
      }),
  )
    .example("$0 plot models/trained/photos --out photos.png", "the pictures at their places")
    .example("$0 plot models/trained/photos --show points --out photos.svg", "points, coloured by label");

export type PlotArguments = Awaited<ReturnType<typeof builder>["argv"]>;

/** `tsimcne plot`: the picture of a map. */
export const plotCommand: CommandModule<object, PlotArguments> = {
  command: "plot <map>",
  describe: "Draw a map",
  builder: builder as (argv: Argv) => Argv<PlotArguments>,
  handler: async (args) => (await import("../run-plot.ts")).runPlot(args),
};
