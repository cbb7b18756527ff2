// A run on disk. Its folder stands beside the map to come, and moves into it when the run is done.

import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { reasonOf, UserError } from "../../models/errors.ts";
import { firstDifference, type RunFiles, RunFolder, type RunIdentity } from "./run-folder.ts";

export class DiskRunFolder extends RunFolder {
  readonly path: string;

  private constructor(path: string) {
    super(diskFiles(path));
    this.path = path;
  }

  /** Where the run of a map keeps its state. */
  static pathFor(target: string): string {
    return `${target.replace(/[/\\]+$/, "")}.unfinished`;
  }

  /** @throws UserError if an unfinished run is there already */
  static async create(target: string, identity: RunIdentity): Promise<DiskRunFolder> {
    const path = DiskRunFolder.pathFor(target);
    if (existsSync(path)) {
      throw new UserError(
        `an unfinished run is in ${path}: add --resume to go on with it, or delete that folder`,
      );
    }
    try {
      mkdirSync(path, { recursive: true });
    } catch (error) {
      throw new UserError(`cannot make the folder ${path}: ${reasonOf(error)}`);
    }
    const folder = new DiskRunFolder(path);
    await folder.writeIdentity(identity);
    return folder;
  }

  /** @throws UserError if there is no such run, or it was started with other settings or images */
  static async resume(target: string, identity: RunIdentity): Promise<DiskRunFolder> {
    const path = DiskRunFolder.pathFor(target);
    const folder = new DiskRunFolder(path);
    const before = await folder.readIdentity().catch((error) => {
      throw new UserError(`${reasonOf(error)}: delete ${path} and start again`);
    });
    if (!before)
      throw new UserError(`there is no unfinished run at ${path}: leave out --resume to start one`);
    if (before.images !== identity.images) {
      throw new UserError(`the images have changed since ${path} was started: delete it to start again`);
    }
    const differing = firstDifference(before.settings, JSON.parse(JSON.stringify(identity.settings)));
    if (differing) throw new UserError(`${path} was started with other settings: ${differing}`);
    return folder;
  }
}

function diskFiles(folder: string): RunFiles {
  const place = (name: string) => join(folder, name);
  return {
    async read(name) {
      return existsSync(place(name)) ? readFileSync(place(name)) : undefined;
    },
    async write(name, content) {
      const file = place(name);
      try {
        mkdirSync(dirname(file), { recursive: true });
        writeFileSync(`${file}.tmp`, content);
        renameSync(`${file}.tmp`, file);
      } catch (error) {
        rmSync(`${file}.tmp`, { force: true });
        throw cannotWrite(file, error);
      }
    },
    async append(name, content) {
      try {
        appendFileSync(place(name), content);
      } catch (error) {
        throw cannotWrite(place(name), error);
      }
    },
    describe: place,
  };
}

function cannotWrite(file: string, error: unknown): UserError {
  const { code } = error as NodeJS.ErrnoException;
  const why = code === "ENOSPC" || code === "EDQUOT" ? "the disk is full" : reasonOf(error);
  return new UserError(`cannot write ${file}: ${why}; mend that, then go on with --resume`);
}
