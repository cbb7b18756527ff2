import type { ComponentChildren } from "preact";
import { type Sheet, sheet } from "./state.ts";

interface PanelProps {
  readonly name: Sheet;
  readonly title: string;
  /** Beside the title. */
  readonly actions?: ComponentChildren;
  readonly children: ComponentChildren;
}

/** A card at the side; in a narrow window, the sheet at the bottom while it is the one that is shown. */
export function Panel({ name, title, actions, children }: PanelProps) {
  return (
    <section class="panel card" data-panel={name} data-open={sheet.value === name} aria-label={title}>
      <header>
        <h2>{title}</h2>
        <div class="actions">{actions}</div>
      </header>
      {children}
    </section>
  );
}
