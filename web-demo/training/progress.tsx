// During and after a run: how far it is, how it goes, what can be done.

import { duration } from "../../models/duration.ts";
import { curve } from "../../models/plot/curve.ts";
import type { LogRecord } from "../../training/stages/log.ts";
import { planStage } from "../../training/stages/plan.ts";
import { download } from "../download.ts";
import { keptMap } from "../kept.ts";
import { KEPT_MAP_PAGE } from "../map-files.ts";
import type { StepMessage } from "./messages.ts";
import { discard, engine, images, log, pause, phase, resume, step, unfinished } from "./state.ts";
import { zip } from "./zip.ts";

const titles: Readonly<Record<string, string>> = {
  pretrain: "What looks alike",
  head: "Onto the plane",
  "last-layer": "Onto the plane",
  "fine-tune": "Fine-tuning",
};

export function Progress() {
  return (
    <>
      <div class="card setup">
        <Headline />
        <Stages />
        <Actions />
      </div>
      <Curves records={log.value} />
    </>
  );
}

function Headline() {
  const now = phase.value;
  switch (now.kind) {
    case "reading":
      return (
        <Bar title="Reading the images" done={now.done} total={now.total} note={skippedNote(now.skipped)} />
      );
    case "making":
      return <Bar title="Making the map" done={now.done} total={now.total} note="" />;
    case "failed":
      return <p role="alert">{now.reason}</p>;
    case "done":
      return <Done name={now.name} />;
    case "paused":
      return <h2>Paused; the state is kept in this browser</h2>;
    default:
      return (
        <h2>
          {now.kind === "pausing" ? "Pausing …" : "Learning"}
          {engine.value && <small> with {engine.value}</small>}
        </h2>
      );
  }
}

function skippedNote(skipped: number): string {
  return skipped > 0 ? `${skipped.toLocaleString("en")} cannot be used` : "";
}

function Bar(props: {
  readonly title: string;
  readonly done: number;
  readonly total: number;
  readonly note: string;
}) {
  const { title, done, total, note } = props;
  return (
    <label class="stage-progress">
      <span>{title}</span>
      <progress value={done} max={Math.max(total, 1)} />
      <small>{note}</small>
    </label>
  );
}

function Stages() {
  const run = images.value;
  if (!run || phase.value.kind === "making") return null;
  const current = step.value;
  const finished = phase.value.kind === "done";
  return (
    <>
      {run.settings.stages.map((stage, i) => {
        const { totalSteps } = planStage(stage, run.count, run.settings.batchSize);
        if (totalSteps === 0) return null;
        const here = current?.stage === i + 1;
        const over = finished || (current !== undefined && current.stage > i + 1);
        const done = over ? totalSteps : here ? current.step : 0;
        return (
          <Bar
            key={stage.name}
            title={titles[stage.name]}
            done={done}
            total={totalSteps}
            note={here && !finished ? pace(current, run.settings.batchSize) : ""}
          />
        );
      })}
      {run.skipped.length > 0 && (
        <details>
          <summary>{skippedNote(run.skipped.length)}</summary>
          <ul class="skipped">
            {run.skipped.slice(0, 200).map(({ path, reason }) => (
              <li key={path}>
                {path}: {reason}
              </li>
            ))}
          </ul>
        </details>
      )}
    </>
  );
}

function pace({ loss, imagesPerSecond, step, totalSteps }: StepMessage, batchSize: number): string {
  const seconds = ((totalSteps - step) * batchSize) / Math.max(imagesPerSecond, 1e-9);
  return `loss ${loss.toFixed(3)} · ${Math.round(imagesPerSecond).toLocaleString("en")} images/s · ${duration(seconds)} left`;
}

function Actions() {
  const { kind } = phase.value;
  return (
    <div class="row">
      {(kind === "training" || kind === "reading") && (
        <button type="button" class="primary" onClick={pause}>
          {kind === "reading" ? "Stop" : "Pause"}
        </button>
      )}
      {(kind === "paused" || kind === "failed") && unfinished.value && (
        <button type="button" class="primary" onClick={resume}>
          Go on
        </button>
      )}
      {(kind === "paused" || kind === "failed" || kind === "done") && (
        <button type="button" class="quiet" onClick={() => void discard()}>
          {kind === "done" ? "Map other images" : "Discard"}
        </button>
      )}
    </div>
  );
}

function Done({ name }: { readonly name: string }) {
  return (
    <>
      <h2>The map is ready</h2>
      <div class="row">
        <a class="primary" href={KEPT_MAP_PAGE}>
          Open it, and place new images
        </a>
        <button type="button" class="quiet" onClick={() => void downloadMap(name)}>
          Download
        </button>
      </div>
      <p class="note">
        This browser keeps it until the next one. Unpacked, the download is a map like any other, for{" "}
        <code>tsimcne serve</code> and <code>tsimcne embed</code>.
      </p>
    </>
  );
}

async function downloadMap(name: string): Promise<void> {
  const files = await keptMap();
  if (files) download(`${name}.zip`, await zip(name, files));
}

function Curves({ records }: { readonly records: readonly LogRecord[] }) {
  const stages = images.value?.settings.stages ?? [];
  return (
    <>
      {stages.map((stage, i) => {
        const own = records.filter((record) => record.stage === i + 1);
        if (own.length < 2) return null;
        const points = (value: (record: LogRecord) => number | undefined) =>
          own.flatMap((record): [number, number][] => {
            const y = value(record);
            return y === undefined ? [] : [[record.epoch, y]];
          });
        const html = curve(titles[stage.name], "epochs", [
          { name: "training", className: "train", points: points(({ loss }) => loss) },
          { name: "fixed views", className: "eval", points: points(({ evalLoss }) => evalLoss) },
        ]);
        return (
          // An SVG of our own, whose words are escaped.
          <div key={stage.name} class="card loss" dangerouslySetInnerHTML={{ __html: html }} />
        );
      })}
    </>
  );
}
