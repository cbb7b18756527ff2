import type { Argv, CommandModule } from "yargs";
import { withMap, withProgressOptions, withReadingOptions } from "../options.ts";

const builder = (argv: Argv) =>
  withProgressOptions(
    withReadingOptions(
      withMap(argv).positional("images", {
        type: "string",
        describe: "Labelled images that the map was not trained on, for the held-out score",
      }),
    ),
  )
    .example("$0 evaluate models/trained/photos", "scores of the map")
    .example("$0 evaluate models/trained/photos ./test", "and how well new images land among their kind");

export type EvaluateArguments = Awaited<ReturnType<typeof builder>["argv"]>;

/** `tsimcne evaluate`: how good a map is. */
export const evaluateCommand: CommandModule<object, EvaluateArguments> = {
  command: "evaluate <map> [images]",
  describe: "Score a map, also on images it has not seen",
  builder: builder as (argv: Argv) => Argv<EvaluateArguments>,
  handler: async (args) => (await import("../run-evaluate.ts")).runEvaluate(args),
};
