// The tools at the bottom of the map.

import { useSignal } from "@preact/signals";
import { bundleFiles } from "../models/bundle/files.ts";
import { type IconName, icon } from "./icons.tsx";
import type { LoadedMap } from "./load.ts";
import { goHome, zoomBy } from "./navigate.ts";
import { currentLink, helpShown, type Tool, tool } from "./state.ts";

const tools: readonly [Tool, IconName, string][] = [
  ["move", "move", "Move the map"],
  ["rectangle", "rectangle", "Select a rectangle"],
  ["lasso", "lasso", "Select with a lasso"],
];

export function Toolbar({ map }: { readonly map: LoadedMap }) {
  return (
    <nav class="toolbar card" aria-label="Map tools">
      {tools.map(([name, shape, label]) => (
        <button
          key={name}
          type="button"
          aria-pressed={tool.value === name}
          aria-label={label}
          title={label}
          onClick={() => {
            tool.value = name;
          }}
        >
          {icon(shape)}
        </button>
      ))}
      <hr />
      <Button shape="minus" label="Zoom out" run={() => zoomBy(1 / 1.5)} />
      <Button shape="plus" label="Zoom in" run={() => zoomBy(1.5)} />
      <Button shape="home" label="Show the whole map" run={goHome} />
      <hr />
      <CopyLink />
      <a
        href={map.files.url(bundleFiles.picture)}
        download={`${map.info.name}.png`}
        aria-label="Download the picture of the map"
        title="Download the picture of the map"
      >
        {icon("picture")}
      </a>
      <Button
        shape="help"
        label="Help"
        run={() => {
          helpShown.value = true;
        }}
      />
    </nav>
  );
}

function Button({
  shape,
  label,
  run,
}: {
  readonly shape: IconName;
  readonly label: string;
  readonly run: () => void;
}) {
  return (
    <button type="button" aria-label={label} title={label} onClick={run}>
      {icon(shape)}
    </button>
  );
}

/** The address bar has the link too; this saves the way there. */
function CopyLink() {
  const said = useSignal("");
  const copy = async () => {
    history.replaceState(null, "", `#${currentLink()}`);
    try {
      await navigator.clipboard.writeText(location.href);
      said.value = "Link copied";
    } catch {
      said.value = "The link is in the address bar"; // not every page may write to the clipboard
    }
    setTimeout(() => {
      said.value = "";
    }, 2500);
  };
  return (
    <span class="copy">
      <Button shape="link" label="Copy a link to this view" run={copy} />
      <output>{said.value}</output>
    </span>
  );
}
