// Puts what has to start at once into one file each: the command line itself with yargs, and what `embed` imports. To
// find and read their many files takes longer than to run them. The other commands stay as they are compiled.

import { build } from "vite";

/** What each leaves outside. */
const ENTRIES = {
  main: /^\.\.?\/(\.\.\/)*run-[a-z]+\.js$/, // is imported when its command runs
  "run-embed": /^(sharp|onnxruntime-node)$/, // have parts that are no JavaScript
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
