import type { Argv, CommandModule } from "yargs";
import { withMap, withProgressOptions } from "../options.ts";

const builder = (argv: Argv) =>
  withProgressOptions(withMap(argv))
    .example("$0 duplicates models/trained/photos", "groups of paths, an empty line between them")
    .example("$0 duplicates models/trained/photos --json", "the same as JSON, with labels");

export type DuplicatesArguments = Awaited<ReturnType<typeof builder>["argv"]>;

/** `tsimcne duplicates`: which images of a map show the same. */
export const duplicatesCommand: CommandModule<object, DuplicatesArguments> = {
  command: "duplicates <map>",
  describe: "List the images of a map that show the same",
  builder: builder as (argv: Argv) => Argv<DuplicatesArguments>,
  handler: async (args) => (await import("../run-duplicates.ts")).runDuplicates(args),
};
