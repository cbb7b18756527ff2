// report.html: how a map was made and how good it is, in one file that needs nothing else.

import type { KnnScore, MapInfoWithoutFiles, Scores, StageInfo } from "../bundle/map-info.ts";
import { curve, type Series, shortNumber } from "./curve.ts";
import { base64, escapeMarkup } from "./escape.ts";

/** A line of log.jsonl: means over some steps. */
export interface ProgressRecord {
  /** From 1. */
  readonly stage: number;
  /** Passes over the images done in this stage. */
  readonly epoch: number;
  readonly step: number;
  readonly loss: number;
  readonly learningRate: number;
  readonly imagesPerSecond: number;
  readonly seconds: number;
  /** Loss of a fixed batch with the running statistics. */
  readonly evalLoss?: number;
}

export interface ReportInput {
  readonly info: MapInfoWithoutFiles;
  readonly log: readonly ProgressRecord[];
  /** The picture of the map, a PNG. */
  readonly picture: Uint8Array;
}

/** The page as HTML. */
export function renderReport({ info, log, picture }: ReportInput): string {
  const facts = [
    `${integer(info.counts.images)} images`,
    ...(info.classes.length > 0 ? [`${integer(info.classes.length)} classes`] : []),
    ...(info.counts.duplicates ? [`${integer(info.counts.duplicates)} duplicates`] : []),
    ...(info.counts.skipped > 0 ? [`${integer(info.counts.skipped)} skipped`] : []),
    info.createdAt.slice(0, 10),
  ];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escapeMarkup(info.name)} – map</title>
<style>${STYLE}</style>
</head>
<body>
<header><h1>${escapeMarkup(info.name)}</h1><p>${facts.map(escapeMarkup).join(" · ")}</p></header>
${scoreCards(info.scores)}
<img class="map" alt="The map: like lies near like" src="data:image/png;base64,${base64(picture)}">
${training(info.stages, log)}
${section("Settings", table(settings(info)))}
${stagesTable(info.stages)}
${skipped(info)}
${section("Made with", table(Object.entries(info.versions)))}
</body>
</html>
`;
}

function section(title: string, content: string): string {
  return content === "" ? "" : `<section><h2>${escapeMarkup(title)}</h2>\n${content}</section>`;
}

function table(rows: readonly (readonly [string, string])[]): string {
  const cells = rows.map(
    ([name, value]) => `<tr><th>${escapeMarkup(name)}</th><td>${escapeMarkup(value)}</td></tr>`,
  );
  return `<table>${cells.join("\n")}</table>`;
}

function integer(value: number): string {
  return value.toLocaleString("en");
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

function scoreCards(scores: Scores): string {
  const knn = (title: string, explained: string, score: KnnScore | undefined) =>
    score
      ? [
          {
            title,
            value: percent(score.accuracy),
            note: `${explained}, k = ${score.k}, ${integer(score.queries)} by ${integer(score.references)} images`,
          },
        ]
      : [];
  const { silhouette, neighbourRecall: recall } = scores;
  const cards = [
    ...knn("kNN accuracy, held-out", "new images on the map", scores.knnHeldOut),
    ...knn("kNN accuracy, paper", "random split of the map", scores.knnPaper),
    ...knn("kNN accuracy of features", "before the map, by the cosine", scores.knnFeatures),
    ...(silhouette
      ? [
          {
            title: "Silhouette",
            value: silhouette.silhouette.toFixed(3),
            note: `of the labels, ${integer(silhouette.images)} images`,
          },
        ]
      : []),
    ...(recall
      ? [
          {
            title: "Neighbour recall",
            value: percent(recall.recall),
            note: `feature-space neighbours kept, k = ${recall.k}`,
          },
        ]
      : []),
  ];
  if (cards.length === 0) return "";
  const shown = cards.map(
    ({ title, value, note }) =>
      `<div><h3>${escapeMarkup(title)}</h3><strong>${escapeMarkup(value)}</strong><small>${escapeMarkup(note)}</small></div>`,
  );
  return `<div class="cards">${shown.join("\n")}</div>`;
}

function training(stages: readonly StageInfo[], log: readonly ProgressRecord[]): string {
  const charts = stages.map((stage, i) => {
    const records = log.filter((record) => record.stage === i + 1);
    if (records.length === 0) return "";
    const line = (
      name: string,
      className: string,
      value: (record: ProgressRecord) => number | undefined,
    ): Series => ({
      name,
      className,
      points: records.flatMap((record) => {
        const y = value(record);
        return y === undefined ? [] : [[record.epoch, y] as const];
      }),
    });
    const loss = curve("Loss", "epochs", [
      line("training", "line first", (record) => record.loss),
      line("evaluation", "line second", (record) => record.evalLoss),
    ]);
    const rate = curve(
      "Learning rate",
      "epochs",
      [line("rate", "line first", (record) => record.learningRate)],
      true,
    );
    const speeds = records.map((record) => record.imagesPerSecond).sort((a, b) => a - b);
    const speed = `${integer(Math.round(speeds[speeds.length >> 1]))} images/s`;
    return `<h3>${i + 1} · ${escapeMarkup(stage.name)} <small>${speed}</small></h3><div class="charts">${loss}${rate}</div>`;
  });
  return section("Training", charts.join(""));
}

function settings(info: MapInfoWithoutFiles): [string, string][] {
  const { network, background } = info;
  return [
    [
      "Image size",
      `${info.imageSize} × ${info.imageSize}, ${info.fit}, background rgb(${background.join(", ")})`,
    ],
    [
      "Backbone",
      `${network.backbone}, ${network.stem} stem, width × ${network.width}, ${network.featureDim} features`,
    ],
    ["Projection head", `${network.projectionHead}, ${network.hiddenDim} hidden`],
    ["Kernel", info.kernel],
    ["Dimensions", String(info.outDim)],
    ["Batch size", integer(info.batchSize)],
    ["Augmentations", info.augmentations],
    ["Seed", String(info.seed)],
    [
      "Extent",
      info.bounds.min.map((low, i) => `${shortNumber(low)} … ${shortNumber(info.bounds.max[i])}`).join(" × "),
    ],
    ["Map id", info.id],
  ];
}

function stagesTable(stages: readonly StageInfo[]): string {
  const heads = [
    "Stage",
    "Pairs",
    "Input",
    "Trains",
    "Out",
    "Last layer",
    "Epochs",
    "Warm-up",
    "Rate per 256",
    "Schedule",
    "Loss",
    "Optimizer",
  ];
  const rows = stages.map((stage) => [
    stage.name,
    stage.pairs,
    stage.input,
    stage.trains,
    String(stage.outDim),
    stage.lastLayer,
    shortNumber(stage.epochs),
    shortNumber(stage.warmupEpochs),
    shortNumber(stage.learningRate),
    stage.schedule,
    stage.loss.kernel,
    stage.optimizer.optimizer,
  ]);
  return section("Stages", grid(heads, rows));
}

function grid(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const head = heads.map((text) => `<th>${escapeMarkup(text)}</th>`).join("");
  const body = rows.map((row) => `<tr>${row.map((text) => `<td>${escapeMarkup(text)}</td>`).join("")}</tr>`);
  return `<div class="wide"><table class="grid"><thead><tr>${head}</tr></thead><tbody>${body.join("\n")}</tbody></table></div>`;
}

/** A page with more rows would be slow to open; map.json has them all. */
const MOST_SKIPPED = 1000;

function skipped(info: MapInfoWithoutFiles): string {
  const others = info.counts.otherFiles;
  const note = others > 0 ? `<p>${integer(others)} other files are no images.</p>` : "";
  if (info.skipped.length === 0) return section("Skipped files", note === "" ? "" : `<p>None.</p>${note}`);
  const shown = info.skipped.slice(0, MOST_SKIPPED);
  const rest = info.skipped.length - shown.length;
  const more = rest > 0 ? `<p>and ${integer(rest)} more, listed in map.json</p>` : "";
  return section(
    "Skipped files",
    grid(
      ["File", "Reason"],
      shown.map(({ path, reason }) => [path, reason]),
    ) +
      more +
      note,
  );
}

const STYLE = `
:root { --ink: #1d1f24; --faint: #676b74; --paper: #fcfcfb; --rule: #e2e3e6; --card: #f2f3f4; --first: #2f7fc6; --second: #c2660a; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e7e8ea; --faint: #9da1aa; --paper: #16181c; --rule: #33363d; --card: #20232a; --first: #6db3f0; --second: #f0a04b; }
}
body { margin: 0 auto; max-width: 1040px; padding: 32px 24px 80px; background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
h1 { margin: 0; font-size: 30px; overflow-wrap: anywhere; }
h2 { margin: 44px 0 12px; font-size: 20px; }
h3 { margin: 22px 0 6px; font-size: 15px; font-weight: 600; }
header p, small { color: var(--faint); margin: 4px 0 20px; font-weight: 400; }
.cards { display: flex; flex-wrap: wrap; gap: 12px; margin-bottom: 20px; }
.cards div { flex: 1 1 170px; background: var(--card); border-radius: 10px; padding: 14px 16px; }
.cards h3 { margin: 0; color: var(--faint); font-size: 13px; }
.cards strong { display: block; font-size: 26px; }
.map { display: block; width: 100%; border-radius: 10px; border: 1px solid var(--rule); box-sizing: border-box; }
.charts { display: flex; flex-wrap: wrap; gap: 20px; }
.curve { flex: 1 1 400px; max-width: 510px; font: 12px system-ui, sans-serif; }
.curve .title { fill: var(--ink); font-weight: 600; font-size: 13px; }
.curve .tick { fill: var(--faint); }
.curve .grid { stroke: var(--rule); }
.curve polyline { fill: none; stroke-width: 1.8; stroke-linejoin: round; }
.curve polyline.first { stroke: var(--first); } .curve tspan.first, .curve circle.first { fill: var(--first); }
.curve polyline.second { stroke: var(--second); } .curve tspan.second, .curve circle.second { fill: var(--second); }
.curve tspan { font-weight: 400; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: 6px 14px 6px 0; border-bottom: 1px solid var(--rule); vertical-align: top; overflow-wrap: anywhere; }
th { color: var(--faint); font-weight: 500; white-space: nowrap; }
table:not(.grid) th { width: 180px; }
.wide { overflow-x: auto; }
.wide td { min-width: 60px; }
`;
