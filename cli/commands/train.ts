import type { Argv, CommandModule } from "yargs";
import { deviceNames } from "../../training/engines/device-names.ts";
import { withProgressOptions, withReadingOptions, withRecipeOptions } from "../options.ts";
import { optional, timeSpan } from "../usage.ts";

const builder = (argv: Argv) =>
  withProgressOptions(
    withReadingOptions(
      withRecipeOptions(
        argv
          .positional("images", {
            type: "string",
            demandOption: true,
            describe: "A folder, a .tar, .tar.gz or .zip, or a .csv or .jsonl with path and optional label",
          })
          .option("out", {
            type: "string",
            describe: "Folder of the map; default: models/trained/<name of the images>",
          })
          .option("budget", {
            type: "string",
            coerce: optional(timeSpan("budget")),
            conflicts: "epochs",
            describe:
              "Time that the whole run may take, such as 30m or 8h; default: the preset's. Without --preset it begins from the one for about that time",
          })
          .option("resume", {
            type: "boolean",
            default: false,
            describe: "Go on with the unfinished run of this map, with the same options",
          })
          .option("engine", {
            choices: ["auto", ...deviceNames] as const,
            default: "cpu" as const,
            describe: "Where it is computed; auto tries all for a few steps and takes the fastest",
          }),
      ),
    ),
  )
    .example("$0 train ./photos", "learn a map of a folder; models/trained/photos")
    .example("$0 train ./photos --budget 30m --out maps/photos", "a better map in more time")
    .example("$0 train cells.zip --augmentations oriented-free", "images with no natural up");

export type TrainArguments = Awaited<ReturnType<typeof builder>["argv"]>;

/** `tsimcne train`: from images to a map. */
export const trainCommand: CommandModule<object, TrainArguments> = {
  command: "train <images>",
  describe: "Learn a map from images",
  builder: builder as (argv: Argv) => Argv<TrainArguments>,
  handler: async (args) => (await import("../run-train.ts")).runTrain(args),
};
