// The selected images, as pictures.

import { useSignal, useSignalEffect } from "@preact/signals";
import { toHex } from "../models/color.ts";
import { csv } from "../models/csv.ts";
import { colorsOf } from "../models/plot/categories.ts";
import { download } from "./download.ts";
import { icon } from "./icons.tsx";
import type { LoadedMap } from "./load.ts";
import { MoreButton } from "./more-button.tsx";
import { goToImages } from "./navigate.ts";
import { Panel } from "./panel.tsx";
import { shortPath } from "./paths.ts";
import { PictureButton } from "./picture-button.tsx";
import type { Selection } from "./share-link.ts";
import { select, selected, selection } from "./state.ts";
import { Thumbnail } from "./thumbnail.tsx";

/** Pictures that are added at a time. */
const PAGE = 120;
const SIDE = 54;

export function Gallery({ map }: { readonly map: LoadedMap }) {
  const shown = useSignal(PAGE);
  useSignalEffect(() => {
    if (selection.value) shown.value = PAGE;
  });
  const chosen = selection.value;
  if (!chosen) return null;
  const images = selected.value;
  return (
    <Panel
      name="selection"
      title={titleOf(chosen, images.length)}
      actions={
        <>
          <button
            type="button"
            class="quiet"
            disabled={images.length === 0}
            onClick={() => goToImages(images)}
          >
            Zoom to
          </button>
          <button
            type="button"
            class="quiet"
            title="The selected images as a table"
            disabled={images.length === 0}
            onClick={() => exportCsv(map, images)}
          >
            CSV
          </button>
          <button
            type="button"
            class="round"
            aria-label="Clear the selection"
            onClick={() => select(undefined)}
          >
            {icon("close")}
          </button>
        </>
      }
    >
      {chosen.kind === "near" && <Portrait map={map} index={chosen.index} />}
      <Composition map={map} images={images} />
      {chosen.kind === "duplicates" ? (
        <ul class="gallery grouped">
          {grouped(images.slice(0, shown.value), map).map((group) => (
            <li key={group[0]}>
              <Pictures map={map} images={group} />
            </li>
          ))}
        </ul>
      ) : (
        <Pictures map={map} images={images.slice(0, shown.value)} />
      )}
      {images.length === 0 && <p class="note">Nothing that is shown.</p>}
      <MoreButton shown={shown} page={PAGE} of={images.length} />
    </Panel>
  );
}

function Pictures({ map, images }: { readonly map: LoadedMap; readonly images: readonly number[] }) {
  return (
    <ul class="gallery">
      {images.map((index) => (
        <PictureButton key={index} index={index} path={map.paths.at(index)} side={SIDE} />
      ))}
    </ul>
  );
}

/** Images that show the same follow each other: together. */
function grouped(images: readonly number[], { data }: LoadedMap): number[][] {
  const firstOf = (image: number) => {
    const first = data.duplicateOf?.[image] ?? -1;
    return first < 0 ? image : first;
  };
  const groups: number[][] = [];
  for (const image of images) {
    const last = groups.at(-1);
    if (last && firstOf(last[0]) === firstOf(image)) last.push(image);
    else groups.push([image]);
  }
  return groups;
}

function titleOf(selection: Selection, count: number): string {
  const number = count === 1 ? "1 image" : `${count.toLocaleString("en")} images`;
  switch (selection.kind) {
    case "search":
      return `${count.toLocaleString("en")} with “${selection.text}”`;
    case "near":
      return "Image and its nearest";
    case "outliers":
      return count === 1 ? "1 outlier" : `${count.toLocaleString("en")} outliers`;
    case "duplicates":
      return `${count.toLocaleString("en")} look the same`;
    case "area":
      return number;
  }
}

/** The columns are those of points.parquet. */
function exportCsv({ data, paths, info }: LoadedMap, images: readonly number[]): void {
  const { categories, coordinates, novelty, duplicateOf } = data;
  const rows = images.map((i) => [
    i,
    paths.at(i),
    categories.list[categories.of[i]]?.label ?? "",
    coordinates[2 * i],
    coordinates[2 * i + 1],
    novelty[i],
    ...(duplicateOf ? [duplicateOf[i] < 0 ? "" : duplicateOf[i]] : []),
  ]);
  const columns = ["index", "path", "label", "x", "y", "novelty", ...(duplicateOf ? ["duplicate_of"] : [])];
  download(`${info.name}-selection.csv`, new Blob([csv(columns, rows)], { type: "text/csv" }));
}

function Portrait({ map, index }: { readonly map: LoadedMap; readonly index: number }) {
  if (index >= map.data.count) return null;
  const { categories, novelty } = map.data;
  return (
    <div class="portrait">
      <Thumbnail index={index} side={96} />
      <div>
        {categories.list.length > 0 && <strong>{categories.list[categories.of[index]].name}</strong>}
        <span class="path">{shortPath(map.paths.at(index))}</span>
        <small>novelty {Math.round(100 * novelty[index])} %</small>
      </div>
    </div>
  );
}

/** Shares of the classes, as one bar. */
function Composition({ map, images }: { readonly map: LoadedMap; readonly images: readonly number[] }) {
  const { list, of } = map.data.categories;
  if (list.length === 0 || images.length === 0) return null;
  const counts = new Map<number, number>();
  for (const i of images) counts.set(of[i], (counts.get(of[i]) ?? 0) + 1);
  const sorted = [...counts].sort((a, b) => b[1] - a[1]);
  const colors = colorsOf(map.data.categories);
  const [[most, count]] = sorted;
  return (
    <div class="composition">
      <div class="bar" aria-hidden="true">
        {sorted.map(([category, number]) => (
          <i key={category} class="share" style={{ flexGrow: number, background: toHex(colors[category]) }} />
        ))}
      </div>
      <small>
        {Math.round((100 * count) / images.length)} % {list[most].name}
      </small>
    </div>
  );
}
