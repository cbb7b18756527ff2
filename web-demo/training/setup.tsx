// Before a run: which images, and how.

import { useId } from "preact/hooks";
import { type BroughtFile, listedFiles } from "../drop.ts";
import { engineNames, engineTitles } from "./engines.ts";
import type { TrainOptions } from "./messages.ts";
import { withoutSharedFolder } from "./shared-folder.ts";
import { chosen, discard, options, resume, start, unfinished } from "./state.ts";

const stages = ["What looks alike", "Onto the plane", "Fine-tuning"] as const;
const sizes = [16, 32, 48, 64, 96];

/** Takes the files for the next run; their folder gives the map its name. */
export function filesChosen(files: readonly BroughtFile[]): void {
  if (files.length === 0) return;
  const { folder, files: inside } = withoutSharedFolder(files);
  chosen.value = { kind: "files", files: inside };
  if (folder) options.value = { ...options.value, name: folder };
}

export function Setup() {
  return (
    <>
      <Unfinished />
      <form
        class="card setup"
        onSubmit={(event) => {
          event.preventDefault();
          start();
        }}
      >
        <Source />
        <Options />
        {!isSecureContext && (
          <p role="alert">
            Training in the browser needs an address that begins with https://, or localhost.
          </p>
        )}
        <button type="submit" class="primary" disabled={!chosen.value || !isSecureContext}>
          Start
        </button>
      </form>
    </>
  );
}

/** The run that was left in the middle. */
function Unfinished() {
  const run = unfinished.value;
  if (!run) return null;
  return (
    <div class="card setup" role="status">
      <h2>An unfinished run</h2>
      <p class="note">
        “{run.options.name}”, {run.count.toLocaleString("en")} images. A new run takes its place.
      </p>
      <div class="row">
        <button type="button" class="primary" onClick={resume}>
          Go on
        </button>
        <button type="button" class="quiet" onClick={() => void discard()}>
          Discard
        </button>
      </div>
    </div>
  );
}

function Source() {
  const input = useId();
  const images = chosen.value;
  return (
    <fieldset>
      <legend>Images</legend>
      <label class="drop" for={input}>
        <b>Choose a folder</b>
        <span class="note">or drop one here; folders inside it become classes, used for colours only</span>
        <input
          id={input}
          class="unseen"
          type="file"
          multiple
          // @ts-expect-error: all browsers know it, the types do not
          webkitdirectory
          onChange={({ currentTarget }) => filesChosen(listedFiles(currentTarget.files!))}
        />
      </label>
      <button
        type="button"
        class="quiet"
        onClick={() => {
          chosen.value = { kind: "map", base: document.baseURI };
          options.value = { ...options.value, name: "sample" };
        }}
      >
        Take pictures of the map here as a sample
      </button>
      <p class="note" role="status">
        {images?.kind === "files" &&
          (images.files.length === 1
            ? "1 file chosen"
            : `${images.files.length.toLocaleString("en")} files chosen`)}
        {images?.kind === "map" && "Up to 1,000 pictures of the map here"}
      </p>
    </fieldset>
  );
}

function Options() {
  const now = options.value;
  const set = (changes: Partial<TrainOptions>) => {
    options.value = { ...options.value, ...changes };
  };
  const setEpochs = (stage: number, epochs: number) =>
    set({ epochs: now.epochs.map((old, i) => (i === stage ? epochs : old)) as [number, number, number] });
  return (
    <>
      <fieldset>
        <legend>Stages, in passes over the images</legend>
        {stages.map((title, i) => (
          <NumberField
            key={title}
            title={title}
            value={now.epochs[i]}
            min={i === 0 ? 0.1 : 0}
            step="any"
            set={(epochs) => setEpochs(i, epochs)}
          />
        ))}
      </fieldset>
      <details>
        <summary>More</summary>
        <fieldset>
          <Choice
            title="Size of the pictures"
            value={String(now.imageSize)}
            of={sizes.map((size) => [String(size), `${size} × ${size}`])}
            set={(size) => set({ imageSize: +size })}
          />
          <NumberField
            title="Batch size"
            value={now.batchSize}
            min={2}
            step="1"
            set={(batchSize) => set({ batchSize })}
          />
          <Choice
            title="Images have an up"
            value={now.augmentations}
            of={[
              ["natural", "yes"],
              ["oriented-free", "no: microscopy, satellites"],
            ]}
            set={(augmentations) => set({ augmentations })}
          />
          <Choice
            title="Engine"
            value={now.engine}
            of={[
              ["auto", "the fastest here"],
              ...engineNames.map((name) => [name, engineTitles[name]] as const),
            ]}
            set={(engine) => set({ engine })}
          />
          <NumberField title="Seed" value={now.seed} min={0} step="1" set={(seed) => set({ seed })} />
          <label>
            <span>Name of the map</span>
            <input
              class="field"
              value={now.name}
              required
              onInput={({ currentTarget }) => set({ name: currentTarget.value })}
            />
          </label>
        </fieldset>
      </details>
    </>
  );
}

interface NumberProps {
  readonly title: string;
  readonly value: number;
  readonly min: number;
  readonly step: string;
  readonly set: (value: number) => void;
}

function NumberField({ title, value, min, step, set }: NumberProps) {
  return (
    <label>
      <span>{title}</span>
      <input
        class="field"
        type="number"
        required
        value={value}
        min={min}
        step={step}
        onInput={({ currentTarget }) => {
          if (currentTarget.validity.valid) set(currentTarget.valueAsNumber);
        }}
      />
    </label>
  );
}

interface ChoiceProps<Name extends string> {
  readonly title: string;
  readonly value: Name;
  readonly of: readonly (readonly [Name, string])[];
  readonly set: (name: Name) => void;
}

function Choice<Name extends string>({ title, value, of, set }: ChoiceProps<Name>) {
  return (
    <label>
      <span>{title}</span>
      <select
        class="field"
        value={value}
        onChange={({ currentTarget }) => set(of[currentTarget.selectedIndex][0])}
      >
        {of.map(([name, words]) => (
          <option key={name} value={name}>
            {words}
          </option>
        ))}
      </select>
    </label>
  );
}
