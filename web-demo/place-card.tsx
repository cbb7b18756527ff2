// The invitation to bring images.

import { useRef } from "preact/hooks";
import { listedFiles } from "./drop.ts";
import { Panel } from "./panel.tsx";
import { bring } from "./placing.ts";

export function PlaceCard() {
  return (
    <Panel name="place" title="Place your own images">
      <p class="note">Drop or paste images anywhere, or choose them. They stay in this browser.</p>
      <div class="row">
        <Pick label="Images…" folder={false} />
        <Pick label="Folder…" folder={true} />
      </div>
    </Panel>
  );
}

function Pick({ label, folder }: { readonly label: string; readonly folder: boolean }) {
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <button
        type="button"
        class={folder ? "button" : "button primary"}
        onClick={() => input.current?.click()}
      >
        {label}
      </button>
      <input
        ref={(element) => {
          input.current = element;
          if (element) element.webkitdirectory = folder;
        }}
        type="file"
        multiple
        hidden
        accept={folder ? undefined : "image/*"}
        aria-label={folder ? "Choose a folder of images" : "Choose images"}
        onChange={(event) => {
          if (event.currentTarget.files) bring(listedFiles(event.currentTarget.files));
          // So that the same file can be chosen again.
          event.currentTarget.value = "";
        }}
      />
    </>
  );
}
