import { defineConfig } from "vite";

export default defineConfig({
  root: import.meta.dirname,
  base: "./",
  build: { outDir: "../../dist/docs", emptyOutDir: true, chunkSizeWarningLimit: 3000 },
  logLevel: "warn",
});
