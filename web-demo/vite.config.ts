import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

/** Scripts are called .js, for hosts that do not know .mjs as one. */
function assetFileNames({ names }: { names: string[] }): string {
  return names[0]?.endsWith(".mjs") ? "assets/[name]-[hash].js" : "assets/[name]-[hash][extname]";
}

/** A file of this folder. */
function beside(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url));
}

export default defineConfig({
  root: beside("."),
  // Relative addresses: the page works under any path.
  base: "./",
  build: {
    outDir: beside("../dist/web-demo"),
    emptyOutDir: true,
    // Nothing goes into data: URLs that could be a file.
    assetsInlineLimit: 0,
    target: "es2023",
    rolldownOptions: { input: ["index.html", "train.html"].map(beside), output: { assetFileNames } },
  },
  worker: { format: "es", rolldownOptions: { output: { assetFileNames } } },
  // ONNX Runtime then asks for its WebAssembly by the address that it is given; see runtime.web.ts.
  resolve: { conditions: ["onnxruntime-web-use-extern-wasm", "module", "browser", "production"] },
});
