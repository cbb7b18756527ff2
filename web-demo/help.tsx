import { useEffect, useRef } from "preact/hooks";
import { icon } from "./icons.tsx";
import { helpShown } from "./state.ts";

const keys: readonly [keys: string[], does: string][] = [
  [["←", "↑", "→", "↓"], "move the map"],
  [["+", "−"], "zoom in and out"],
  [["0"], "show the whole map"],
  [["/"], "search"],
  [["Shift", "drag"], "select a rectangle"],
  [["Esc"], "clear the selection"],
  [["?"], "this help"],
];

export function Help() {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    if (helpShown.value) dialog.current?.showModal();
    else dialog.current?.close();
  }, [helpShown.value]);
  const close = () => {
    helpShown.value = false;
  };
  return (
    <dialog ref={dialog} class="help card" aria-labelledby="help-title" onClose={close}>
      <header>
        <h2 id="help-title">How to read this map</h2>
        <button type="button" class="round" aria-label="Close" onClick={close}>
          {icon("close")}
        </button>
      </header>
      <p>
        Each point is an image. A network has learned, without labels, to put images that look alike side by
        side. Zoom in to see the pictures; click one to see its nearest.
      </p>
      <p>
        Drop your own image anywhere: the same network, running in this browser, puts it where it belongs. Its
        novelty says what share of the images here is closer to others than it is.
      </p>
      <p>
        Outliers are the images of the highest novelty. Duplicates show the same, though one may be smaller,
        compressed again or a little brighter.
      </p>
      <dl>
        {keys.map(([names, does]) => (
          <div key={does}>
            <dt>
              {names.map((name) => (
                <kbd key={name}>{name}</kbd>
              ))}
            </dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
    </dialog>
  );
}
