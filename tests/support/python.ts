import { spawnSync } from "node:child_process";

/** A Python that has NumPy and a package, if there is one. */
export function pythonWith(name: string): string | undefined {
  return ["python3", "/usr/bin/python3"].find(
    (command) => spawnSync(command, ["-c", `import ${name}, numpy`]).status === 0,
  );
}
