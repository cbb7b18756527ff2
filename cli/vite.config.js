// Puts the command line itself, with yargs, into one file: to find and read yargs' many files takes longer than all
// else that `--help` does. What a command does is imported when it runs, and stays as it is.

import { defineConfig } from "vite";

const MAIN = "dist/cli/main.js";

export default defineConfig({
  build: {
    ssr: MAIN,
    outDir: "dist/cli",
    emptyOutDir: false,
    target: "node20",
    rolldownOptions: {
      external: /^\.\.?\/(\.\.\/)*run-[a-z]+\.js$/,
      output: { entryFileNames: "main.js" },
    },
  },
  ssr: { noExternal: true },
  logLevel: "warn",
});
