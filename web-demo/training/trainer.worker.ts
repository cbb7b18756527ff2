// Trains: reads the images, runs the stages, makes the map. One run a worker; the page ends it afterwards.

import { toHex } from "../../models/color.ts";
import { reasonOf, UserError } from "../../models/errors.ts";
import { BACKGROUND, HEADER } from "../../models/plot/scene.ts";
import { version } from "../../package.json";
import { memoryDataset } from "../../training/dataset/dataset.ts";
import { type Engine, EngineError } from "../../training/engines/engine.ts";
import { findNearestBy } from "../../training/evaluation/nearest.ts";
import { nearestOn } from "../../training/evaluation/nearest-by-graph.ts";
import { permutation, randomStream } from "../../training/random.ts";
import { RunFolder } from "../../training/stages/run-folder.ts";
import { Interrupted, runStages, type StageProgress } from "../../training/stages/run-stages.ts";
import { SideWork } from "../../training/stages/side-work.ts";
import { trialArtifacts } from "../../training/stages/stage-models.ts";
import { keepMap } from "../kept.ts";
import { cpuRuntime, type EngineName, engineTitles, fastestEngine, openEngine } from "./engines.ts";
import { finishMap, type Painted } from "./finish.ts";
import { loadImages } from "./images.ts";
import { forgetRun, type KeptRun, keepRun, keptFiles, keptRun, keptRunFiles } from "./kept-run.ts";
import { lookAt } from "./live-plane.ts";
import type { Images, TrainerReply, TrainerRequest, TrainOptions } from "./messages.ts";
import { settingsOf } from "./settings.ts";

/** Images that the live map shows, at most. */
const SHOWN = 1500;
/** News of steps come at most so often, in milliseconds. */
const NEWS = 100;
/** How often the live map is renewed; pauses in seconds. */
const LOOKING = { share: 1 / 8, pause: 2, clock: () => performance.now() / 1000 };

const pausing = new AbortController();
let drawn: (png: Uint8Array) => void = () => {};

self.onmessage = ({ data }: MessageEvent<TrainerRequest>) => {
  if (data.kind === "pause") pausing.abort();
  else if (data.kind === "drawn") drawn(data.png);
  else void alone(() => (data.kind === "start" ? begin(data.images, data.options) : resume()));
};

function tell(reply: TrainerReply, transfer: Transferable[] = []): void {
  self.postMessage(reply, { transfer });
}

/** What is kept belongs to one run: two pages must not train at once. */
async function alone(open: () => Promise<KeptRun>): Promise<void> {
  try {
    await navigator.locks.request("tsimcne training", { ifAvailable: true }, async (lock) => {
      if (!lock)
        throw new UserError("another tab of this browser is training: wait for it, or pause it there");
      await train(await open());
    });
  } catch (error) {
    if (error instanceof Interrupted) tell({ kind: "paused" });
    else tell({ kind: "failed", reason: reasonOf(error) });
  }
}

async function begin(images: Images, options: TrainOptions): Promise<KeptRun> {
  const { fit, background } = settingsOf(options, Number.POSITIVE_INFINITY);
  const target = { imageSize: options.imageSize, fit, background };
  const loaded = await loadImages(images, target, await cpuRuntime(), (done, total, skipped) => {
    if (pausing.signal.aborted) throw new Interrupted("stopped while reading the images");
    tell({ kind: "reading", done, total, skipped });
  });
  const run = { options, settings: settingsOf(options, loaded.facts.paths.length), images: loaded };
  await keepRun(run);
  return run;
}

async function resume(): Promise<KeptRun> {
  const run = await keptRun();
  if (!run) throw new UserError("there is no unfinished run in this browser");
  return run;
}

async function train({ options, settings, images }: KeptRun): Promise<void> {
  const dataset = memoryDataset(images.facts, images.pixels, images.thumbnails);
  const shown = permutation(dataset.count, randomStream(settings.seed, "shown")).slice(0, SHOWN);
  const pixels = new Uint8Array(shown.length * dataset.imageSize ** 2 * 3);
  dataset.readBatch(shown, pixels);
  const labels = Array.from(shown, (index) => dataset.labels?.[index] ?? null);
  const { name } = options;
  const { count, skipped } = dataset;
  tell({ kind: "images", name, settings, count, skipped, shown, pixels, labels }, [pixels.buffer]);

  const cpu = await cpuRuntime();
  const findNearest = findNearestBy((search) => nearestOn(cpu, search));
  const folder = new RunFolder(keptFiles((record) => tell({ kind: "log", records: [record] })));
  if (!(await folder.readIdentity())) await folder.writeIdentity({ settings, images: name });
  tell({ kind: "log", records: await folder.readLog() });

  const device =
    options.engine === "auto"
      ? await fastestEngine((flavour) => trialArtifacts(settings, flavour))
      : options.engine;
  tell({ kind: "engine", engine: engineTitles[device] });
  const engine = named(await openEngine(device), device);
  const live = new SideWork(LOOKING);
  let told = 0;
  const onStep = async (progress: StageProgress) => {
    const { stage, name, step, totalSteps, loss, imagesPerSecond } = progress;
    if (performance.now() - told > NEWS || step === totalSteps) {
      told = performance.now();
      tell({ kind: "step", stage, name, step, totalSteps, loss, imagesPerSecond });
    }
    if (live.due || step === totalSteps) {
      await live.time(async () => {
        const weights = await progress.weights();
        const at = { dataset, engine, settings, weights, stage: stage - 1 };
        const coordinates = await lookAt(shown, at);
        tell({ kind: "live", coordinates }, [coordinates.buffer as ArrayBuffer]);
      });
    }
    await heard();
  };
  const { signal } = pausing;
  const trained = await runStages({ settings, dataset, engine, folder, findNearest, signal, onStep });
  const { files, info } = await finishMap({
    name,
    ...trained,
    dataset,
    engine,
    findNearest,
    versions: await versions(),
    log: await folder.readLog(),
    training: await keptRunFiles(),
    onProgress: (done, total) => tell({ kind: "making", done, total }),
    drawPicture,
  });
  await keepMap(files);
  await forgetRun();
  await engine.close();
  tell({ kind: "done", name, counts: info.counts, scores: info.scores });
}

/** The engine, whose errors say which it is, and what helps. */
function named(engine: Engine, name: EngineName): Engine {
  const call = async <T>(result: Promise<T>): Promise<T> => {
    try {
      return await result;
    } catch (error) {
      throw new EngineError(name, reasonOf(error), { cause: error });
    }
  };
  return {
    flavour: engine.flavour,
    load: (artifacts, state) => call(engine.load(artifacts, state)),
    step: (views, learningRate) => call(engine.step(views, learningRate)),
    evaluate: (views) => call(engine.evaluate(views)),
    state: () => call(engine.state()),
    loadEncoder: (encoder) => call(engine.loadEncoder(encoder)),
    encode: (pictures, count) => call(engine.encode(pictures, count)),
    close: () => engine.close(),
  };
}

function drawPicture({ scene, pixels, width, height, svg }: Painted): Promise<Uint8Array> {
  return new Promise((resolve) => {
    drawn = resolve;
    const background = toHex(BACKGROUND);
    tell({
      kind: "draw",
      pixels,
      width,
      height,
      top: HEADER,
      total: { width: scene.width, height: scene.height },
      svg,
      background,
    });
  });
}

const channel = new MessageChannel();

/** Lets messages in: WebAssembly never does on its own. */
function heard(): Promise<void> {
  return new Promise((resolve) => {
    channel.port1.onmessage = () => resolve();
    channel.port2.postMessage(undefined);
  });
}

async function versions(): Promise<Record<string, string>> {
  const { env } = await import("onnxruntime-web/wasm");
  return {
    tsimcne: version,
    browser: navigator.userAgent,
    "onnxruntime-web": env.versions.web ?? env.versions.common,
  };
}
