// The images that were brought: where they are, what is near, what went wrong.

import { useSignal } from "@preact/signals";
import { placementsCsv } from "../models/csv.ts";
import { download } from "./download.ts";
import { icon } from "./icons.tsx";
import type { LoadedMap } from "./load.ts";
import { MoreButton } from "./more-button.tsx";
import { goToGuest } from "./navigate.ts";
import { Panel } from "./panel.tsx";
import { PictureButton } from "./picture-button.tsx";
import {
  active,
  alsoServer,
  apiKey,
  askAgain,
  askForAll,
  cancel,
  dismiss,
  dismissAll,
  engine,
  type Guest,
  guests,
  type Placed,
  placed,
  progress,
  waiting,
} from "./placing.ts";

/** Rows that are added at a time. */
const PAGE = 60;

export function PlacedPanel({ map }: { readonly map: LoadedMap }) {
  const shown = useSignal(PAGE);
  const all = guests.value;
  if (all.length === 0) return null;
  // Whoever still waits has nothing to show: the bar counts them.
  const settled = all.filter(({ here }) => here.kind !== "waiting").reverse();
  return (
    <Panel
      name="placed"
      title={
        placed.value.length === 1
          ? "1 image placed"
          : `${placed.value.length.toLocaleString("en")} images placed`
      }
      actions={
        <>
          <button
            type="button"
            class="quiet"
            disabled={placed.value.length === 0}
            onClick={() => exportCsv(map)}
          >
            CSV
          </button>
          <button type="button" class="round" aria-label="Remove all placed images" onClick={dismissAll}>
            {icon("close")}
          </button>
        </>
      }
    >
      <Progress />
      {map.info.outDim === 3 && <p class="note">The map has three dimensions; two of them are shown.</p>}
      {map.site.server && <ServerSwitch needsKey={map.site.apiKey} />}
      <ul class="guests">
        {settled.slice(0, shown.value).map((guest) => (
          <Row key={guest.id} guest={guest} map={map} />
        ))}
      </ul>
      <MoreButton shown={shown} page={PAGE} of={settled.length} />
      {engine.value && <p class="note">Placed in this browser with {engine.value}.</p>}
    </Panel>
  );
}

function exportCsv({ info }: LoadedMap): void {
  const rows = placed.value.map(({ name, here }) => ({ ...here, path: name }));
  download(`${info.name}-placed.csv`, new Blob([placementsCsv(rows, info.outDim)], { type: "text/csv" }));
}

function Progress() {
  if (waiting.value === 0) return null;
  const { done, of } = progress.value;
  return (
    <div class="progress">
      <progress value={done} max={of} aria-label="Images placed" />
      <span>
        {done.toLocaleString("en")} of {of.toLocaleString("en")}
      </span>
      <button type="button" class="quiet" onClick={cancel}>
        Cancel
      </button>
    </div>
  );
}

function ServerSwitch({ needsKey }: { readonly needsKey: boolean }) {
  return (
    <div class="server">
      <label>
        <input
          type="checkbox"
          checked={alsoServer.value}
          onChange={(event) => {
            alsoServer.value = event.currentTarget.checked;
            if (alsoServer.value) void askForAll();
          }}
        />
        Also ask the server
      </label>
      {needsKey && alsoServer.value && (
        <form
          onSubmit={(event) => {
            event.preventDefault();
            askAgain();
          }}
        >
          <input
            type="password"
            class="field"
            placeholder="API key"
            aria-label="API key of the server"
            autocomplete="off"
            value={apiKey.value}
            onInput={(event) => {
              apiKey.value = event.currentTarget.value;
            }}
          />
        </form>
      )}
    </div>
  );
}

function Row({ guest, map }: { readonly guest: Guest; readonly map: LoadedMap }) {
  const { id, name, here } = guest;
  const open = active.value === id;
  const dismissal = (
    <button type="button" class="round" aria-label={`Remove ${name}`} onClick={() => dismiss(id)}>
      {icon("close")}
    </button>
  );
  if (here.kind === "failed") {
    return (
      <li class="guest failed">
        <span class="broken" aria-hidden="true">
          !
        </span>
        <div class="name">
          <span class="path">{name}</span>
          <small class="reason">{here.reason}</small>
        </div>
        {dismissal}
      </li>
    );
  }
  if (here.kind === "waiting") return null;
  return (
    <li class={open ? "guest open" : "guest"}>
      <button
        type="button"
        class="name"
        aria-expanded={open}
        onClick={() => {
          active.value = open ? undefined : id;
          if (!open) goToGuest(guest);
        }}
      >
        <img src={here.picture.src} alt="" width={open ? 72 : 40} height={open ? 72 : 40} />
        <span>
          <span class="path">{name}</span>
          <Novelty share={here.novelty} />
        </span>
      </button>
      {dismissal}
      {guest.server && <ServerAnswer guest={guest} here={here} map={map} />}
      {open && <Neighbours here={here} map={map} />}
    </li>
  );
}

function Novelty({ share }: { readonly share: number }) {
  const words = share < 0.9 ? "ordinary here" : share < 0.99 ? "unusual here" : "unlike what is here";
  return (
    <span class="novelty">
      <span class="scale" aria-hidden="true">
        <i class="fill" style={{ width: `${100 * share}%` }} />
      </span>
      <small>
        novelty {Math.round(100 * share)} %, {words}
      </small>
    </span>
  );
}

function ServerAnswer({
  guest,
  here,
  map,
}: {
  readonly guest: Guest;
  readonly here: Placed;
  readonly map: LoadedMap;
}) {
  const { server } = guest;
  if (server?.kind === "waiting") return <small class="answer">asking the server …</small>;
  if (server?.kind === "failed") return <small class="answer failed">server: {server.reason}</small>;
  if (server?.kind !== "placed") return null;
  const apart = Math.hypot(...server.embedding.map((value, axis) => value - here.embedding[axis]));
  const share = (100 * apart) / map.diagonal;
  return (
    <small class="answer">
      the server's place is {share < 0.001 ? "the same" : `${share.toPrecision(2)} % of the map away`}
    </small>
  );
}

function Neighbours({ here, map }: { readonly here: Placed; readonly map: LoadedMap }) {
  return (
    <ul class="gallery" aria-label="Nearest images on the map">
      {here.neighbours.map(({ index }) => (
        <PictureButton key={index} index={index} path={map.paths.at(index)} side={44} />
      ))}
    </ul>
  );
}
