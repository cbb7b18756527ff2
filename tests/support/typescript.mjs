// Preload that lets Node run TypeScript, in worker threads too: `node --import ./tests/support/typescript.mjs …`
import { register } from "tsx/esm/api";

register();
