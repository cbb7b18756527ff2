import type { Argv, CommandModule } from "yargs";
import type { Flavour } from "../../training/artifacts/stage-artifacts.ts";
import { withOutputOptions, withRecipeOptions } from "../options.ts";
import { wholeNumber } from "../usage.ts";

const builder = (argv: Argv) =>
  withOutputOptions(
    withRecipeOptions(
      argv
        .option("out", { type: "string", demandOption: true, describe: "Folder to write; must not exist" })
        .option("flavour", {
          choices: ["portable", "processor", "ort-training"] as const satisfies readonly Flavour[],
          default: "portable" as const,
          describe:
            "portable: standard operators, for every ONNX Runtime; processor: the same, faster without a graphics card; ort-training: for its own TrainingSession",
        })
        .option("image-count", {
          type: "string",
          default: 50_000,
          coerce: wholeNumber("image-count", 2),
          describe: "Images of an epoch: ort-training has the schedule of the learning rate in its models",
        }),
    ),
  ).example("$0 artifacts --backbone resnet18 --batch-size 128 --out artifacts", "models of the first stage");

export type ArtifactsArguments = Awaited<ReturnType<typeof builder>["argv"]>;

/** `tsimcne artifacts`: the training artifacts of the first stage, without training. */
export const artifactsCommand: CommandModule<object, ArtifactsArguments> = {
  command: "artifacts",
  describe: "Write the training artifacts of the first stage, without training",
  builder: builder as (argv: Argv) => Argv<ArtifactsArguments>,
  handler: async (args) => (await import("../run-artifacts.ts")).runArtifacts(args),
};
