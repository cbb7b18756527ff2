// The page that trains: everything happens in this browser.

import { render } from "preact";
import { droppedFiles } from "../drop.ts";
import { App } from "./app.tsx";
import { stayAwake } from "./awake.ts";
import { filesChosen } from "./setup.tsx";
import { lookForRun, phase } from "./state.ts";

addEventListener("dragover", (event) => event.preventDefault());
addEventListener("drop", async (event) => {
  event.preventDefault();
  if (event.dataTransfer && phase.value.kind === "setup") filesChosen(await droppedFiles(event.dataTransfer));
});

stayAwake();
await lookForRun();
render(<App />, document.getElementById("app")!);
