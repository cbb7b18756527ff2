// Puts what has to start at once into one file each: the command line itself with yargs, and what `embed` imports. To
// find and read their many files takes longer than to run them. The other commands stay as they are compiled. And
// renders what `--help` says, which takes longer than to start Node.

import { execFileSync } from "node:child_process";
import { readdirSync, writeFileSync } from "node:fs";
import { build } from "vite";

/** What each leaves outside. */
const ENTRIES = {
  main: /^\.\.?\/(\.\.\/)*run-[a-z]+\.js$/, // is imported when its command runs
  // The first two have parts that are no JavaScript, the last starts a thread by the place of its file.
  "run-embed": /^(sharp|onnxruntime-node|\.\.\/serving\/placer-pool\.js)$/,
};

for (const [name, external] of Object.entries(ENTRIES)) {
  await build({
    configFile: false,
    build: {
      ssr: `dist/cli/${name}.js`,
      outDir: "dist/cli",
      emptyOutDir: false,
      target: "node20",
      rolldownOptions: { external, output: { entryFileNames: `${name}.js` } },
    },
    ssr: { noExternal: true },
    logLevel: "warn",
  });
}

const commands = readdirSync("dist/cli/commands").flatMap((file) => /^(.+)\.js$/.exec(file)?.[1] ?? []);
const help = [["--help"], ...commands.map((command) => [command, "--help"])].map((line) => [
  line.join(" "),
  execFileSync(process.execPath, ["dist/cli/main.js", ...line], { encoding: "utf8" }),
]);
writeFileSync("dist/cli/help.json", JSON.stringify(Object.fromEntries(help)));
