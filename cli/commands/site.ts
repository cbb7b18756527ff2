import type { Argv, CommandModule } from "yargs";
import { withMap, withOutputOptions } from "../options.ts";

const builder = (argv: Argv) =>
  withOutputOptions(
    withMap(argv).option("out", {
      type: "string",
      demandOption: true,
      describe: "Folder to write; must not exist",
    }),
  ).example(
    "$0 site models/trained/photos --out site",
    "copy the folder to any web host; images are then placed in the browser",
  );

export type SiteArguments = Awaited<ReturnType<typeof builder>["argv"]>;

/** `tsimcne site`: the web page of a map as files. */
export const siteCommand: CommandModule<object, SiteArguments> = {
  command: "site <map>",
  describe: "Write the web page of a map, for any static host",
  builder: builder as (argv: Argv) => Argv<SiteArguments>,
  handler: async (args) => (await import("../run-site.ts")).runSite(args),
};
