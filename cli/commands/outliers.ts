import type { Argv, CommandModule } from "yargs";
import { withMap, withOutputOptions } from "../options.ts";
import { wholeNumber } from "../usage.ts";

const builder = (argv: Argv) =>
  withOutputOptions(
    withMap(argv).option("top", {
      type: "string",
      default: 20,
      coerce: wholeNumber("top", 1),
      describe: "How many to list",
    }),
  )
    .example("$0 outliers models/trained/photos", "the twenty least like the others, with their novelty")
    .example("$0 outliers models/trained/photos --top 100 --json", "a hundred, as JSON");

export type OutliersArguments = Awaited<ReturnType<typeof builder>["argv"]>;

/** `tsimcne outliers`: which images of a map are unlike the others. */
export const outliersCommand: CommandModule<object, OutliersArguments> = {
  command: "outliers <map>",
  describe: "List the images of a map that are least like the others",
  builder: builder as (argv: Argv) => Argv<OutliersArguments>,
  handler: async (args) => (await import("../run-outliers.ts")).runOutliers(args),
};
