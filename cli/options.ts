// Options shared by several commands. Only what is light is imported here: --help must be quick.
// Numbers are taken as text and read in usage.ts: yargs would make NaN of "abc", and nothing of a missing value.

import type { Argv } from "yargs";
import { fits } from "../models/fit.ts";
import { number, optional, perStage, wholeNumber } from "./usage.ts";

/** More than the largest photograph; 16383² as in the decoder. */
const DEFAULT_MEGAPIXELS = 268;

/** The map that a command works with. */
export function withMap<T>(argv: Argv<T>) {
  return argv.positional("map", { type: "string", demandOption: true, describe: "Folder of a trained map" });
}

/** Options on reading images. */
export function withReadingOptions<T>(argv: Argv<T>) {
  return argv
    .option("strict", {
      type: "boolean",
      default: false,
      describe: "Fail at the first image that cannot be used, instead of skipping it",
    })
    .option("max-megapixels", {
      type: "string",
      default: DEFAULT_MEGAPIXELS,
      coerce: number("max-megapixels", 0, true),
      describe: "Skip larger images",
    })
    .group(["strict", "max-megapixels"], "Reading images:");
}

/** Options on output. */
export function withOutputOptions<T>(argv: Argv<T>) {
  return argv
    .option("json", { type: "boolean", default: false, describe: "Print one JSON object instead of prose" })
    .group(["json", "debug"], "Output:");
}

/** Options on output, of commands that tell more than their result. */
export function withProgressOptions<T>(argv: Argv<T>) {
  return withOutputOptions(
    argv
      .option("quiet", { type: "boolean", default: false, describe: "Print the result and errors alone" })
      .group(["json", "quiet", "debug"], "Output:"),
  );
}

/** Options that change a preset's recipe. Their defaults are the preset's. */
export function withRecipeOptions<T>(argv: Argv<T>) {
  return argv
    .option("preset", {
      choices: ["quick", "standard", "thorough", "paper"] as const,
      describe:
        "Recipe to start from: for 5 minutes, an hour, a night, or the paper's; the options below change it; default: quick",
    })
    .option("epochs", {
      type: "string",
      coerce: optional(perStage("epochs")),
      describe: "Passes over the images in stages 1, 2, 3, such as 1000,50,450; fractions are fine",
    })
    .option("warmup", {
      type: "string",
      coerce: optional(perStage("warmup")),
      describe: "Epochs of rising learning rate in each stage; default: the preset's share of --epochs",
    })
    .option("learning-rate", {
      type: "string",
      coerce: optional(perStage("learning-rate")),
      describe: "Highest rate of each stage for a batch of 256; it grows with the batch",
    })
    .option("batch-size", {
      type: "string",
      coerce: optional(wholeNumber("batch-size", 2)),
      describe: "Images in a batch; smaller data sets get smaller batches",
    })
    .option("micro-batch", {
      type: "string",
      coerce: optional(wholeNumber("micro-batch", 2)),
      describe:
        "Images of a batch in the network at a time: less memory, a third more time, the same loss; not with engine ort-training; default: all",
    })
    .option("backbone", {
      choices: ["small", "resnet18", "resnet34", "resnet50"] as const,
      describe: "Network",
    })
    .option("width", {
      type: "string",
      coerce: optional(number("width", 0, true)),
      describe: "Multiplies the backbone's channels",
    })
    .option("stem", {
      choices: ["cifar", "imagenet"] as const,
      describe: "First layers; default: imagenet from --image-size 64 on, else cifar",
    })
    .option("projection-head", {
      choices: ["mlp", "linear"] as const,
      describe: "From features to the embedding",
    })
    .option("hidden-dim", {
      type: "string",
      coerce: optional(wholeNumber("hidden-dim", 1)),
      describe: "Width of an mlp head",
    })
    .option("image-size", {
      type: "string",
      coerce: optional(wholeNumber("image-size", 8)),
      describe: "Side in pixels that images are brought to",
    })
    .option("out-dim", { choices: [2, 3] as const, describe: "Dimensions of the map; default 2" })
    .option("kernel", {
      choices: ["cauchy", "cosine", "gaussian", "student-t"] as const,
      describe: "Similarity of two points, in every stage",
    })
    .option("temperature", {
      type: "string",
      coerce: optional(number("temperature", 0, true)),
      describe: "Of cosine and gaussian",
    })
    .option("learn-temperature", { type: "boolean", describe: "Train the temperature too" })
    .option("degrees-of-freedom", {
      type: "string",
      coerce: optional(number("degrees-of-freedom", 0, true)),
      describe: "Of student-t",
    })
    .option("optimizer", {
      choices: ["sgd", "adam", "adamw", "muon"] as const,
      describe: "In every stage, with the learning rate and weight decay that suit it unless they are given",
    })
    .option("momentum", {
      type: "string",
      coerce: optional(number("momentum", 0)),
      describe: "Of sgd and muon",
    })
    .option("weight-decay", {
      type: "string",
      coerce: optional(number("weight-decay", 0)),
      describe: "In every stage",
    })
    .option("clip", {
      type: "string",
      coerce: optional(number("clip", 0, true)),
      describe: "Limit of each gradient value, either way",
    })
    .option("schedule", {
      choices: ["cosine", "linear", "constant"] as const,
      describe: "Learning rate after the warm-up",
    })
    .option("augmentations", {
      choices: ["natural", "oriented-free"] as const,
      describe: "oriented-free also rotates and flips: for images with no natural up",
    })
    .option("fit", {
      choices: fits,
      describe: "How an oblong image becomes square: cut, padded or stretched; default cover",
    })
    .option("background", { type: "string", describe: "Colour behind transparent images; default white" })
    .option("seed", {
      type: "string",
      default: 1,
      coerce: wholeNumber("seed", 0),
      describe: "The same seed and --epochs give the same map",
    });
}
