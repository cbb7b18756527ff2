// The page of a map: loads it, keeps the address in step with what is shown, takes what is dropped.

import { effect, untracked } from "@preact/signals";
import { render } from "preact";
import { reasonOf } from "../models/errors.ts";
import { App } from "./app.tsx";
import { droppedFiles, listedFiles } from "./drop.ts";
import { listenToKeys } from "./keyboard.ts";
import { loadMap } from "./load.ts";
import { bringIntoSight, goToGuest } from "./navigate.ts";
import { active, bring, guests, progress } from "./placing.ts";
import { prepareRenderer } from "./renderer.ts";
import { Sheets, sheets, sheetsChanged } from "./sheets.ts";
import { currentLink, dragging, failure, map, restore, showMap, size } from "./state.ts";

/** The address follows when the map has stood still for so long, in milliseconds. */
const STILL = 300;

const loading = loadMap();
measure();
addEventListener("resize", measure);
render(<App />, document.getElementById("app")!);
listenToKeys();
takeFiles();
prepareRenderer();

try {
  const loaded = await loading;
  document.title = `${loaded.info.name} – map`;
  sheets.value = new Sheets(loaded.files.url, () => {
    sheetsChanged.value++;
  });
  showMap(loaded);
  followAddress();
  showActiveGuest();
} catch (error) {
  failure.value = reasonOf(error);
}

function measure(): void {
  size.value = { width: innerWidth, height: innerHeight };
}

function followAddress(): void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  effect(() => {
    const link = currentLink();
    clearTimeout(timer);
    timer = setTimeout(() => {
      if (location.hash.slice(1) !== link) history.replaceState(null, "", `#${link}`);
    }, STILL);
  });
  // A link that is pasted over the address, or the way back in the history.
  addEventListener("hashchange", () => restore(location.hash));
}

/** An image that comes alone is shown among its neighbours; of several, the map stays as it is. */
function showActiveGuest(): void {
  effect(() => {
    const id = active.value;
    const guest = guests.peek().find((one) => one.id === id);
    if (guest?.here.kind !== "placed") return;
    const [x, y] = guest.here.embedding;
    // What is read on the way, such as the view, is no reason to go there again.
    untracked(() => (progress.value.of === 1 ? goToGuest(guest) : bringIntoSight(x, y)));
  });
}

function takeFiles(): void {
  const carriesFiles = (event: DragEvent) => event.dataTransfer?.types.includes("Files") ?? false;
  addEventListener("dragover", (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    dragging.value = map.value !== undefined;
  });
  addEventListener("dragleave", (event) => {
    if (event.relatedTarget === null) dragging.value = false;
  });
  addEventListener("drop", async (event) => {
    dragging.value = false;
    if (!event.dataTransfer || !carriesFiles(event)) return;
    event.preventDefault();
    bring(await droppedFiles(event.dataTransfer));
  });
  addEventListener("paste", (event) => {
    if (event.clipboardData && event.clipboardData.files.length > 0) {
      bring(listedFiles(event.clipboardData.files));
    }
  });
}
