import type { RunFiles } from "../../training/stages/run-folder.ts";

/** The files of a run that nobody keeps. */
export function memoryFiles(): RunFiles {
  const files = new Map<string, Uint8Array>();
  return {
    read: async (name) => files.get(name),
    async write(name, content) {
      files.set(name, content);
    },
    async append(name, content) {
      files.set(name, Buffer.concat([files.get(name) ?? new Uint8Array(), content]));
    },
    describe: (name) => name,
  };
}
