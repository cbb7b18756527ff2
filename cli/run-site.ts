// The command `site`: the page and the map as files.

import { PAGE_DIR } from "../serving/page.ts";
import { writeSite } from "../serving/site.ts";
import type { SiteArguments } from "./commands/site.ts";
import { printResult } from "./result.ts";
import { UsageError } from "./usage.ts";

/** @throws UserError if the map is damaged or the folder cannot be written */
export async function runSite(args: SiteArguments): Promise<void> {
  if (args.out === "") throw new UsageError("--out is empty: name the folder to write");
  await writeSite(PAGE_DIR, args.map, args.out);
  printResult(args.json, { out: args.out }, [args.out]);
}
