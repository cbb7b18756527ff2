import { spawnSync } from "node:child_process";

/** A Python that has PyTorch and NumPy, if there is one. */
export const pythonWithTorch = ["python3", "/usr/bin/python3"].find(
  (command) => spawnSync(command, ["-c", "import torch, numpy"]).status === 0,
);
