import { LiveMap } from "./live-map.tsx";
import { Progress } from "./progress.tsx";
import { Setup } from "./setup.tsx";
import { images, phase } from "./state.ts";

/** The whole page. */
export function App() {
  const shown = images.value;
  return (
    <main class="training">
      <section class="side">
        <header>
          <h1>Map your own images</h1>
          <p class="note">
            A network learns, in this browser and without labels, which images look alike. Nothing leaves this
            machine. <a href="./">Back to the map</a>
          </p>
        </header>
        {phase.value.kind === "setup" ? <Setup /> : <Progress />}
      </section>
      <section class="stage" aria-label="The map">
        {shown ? <LiveMap images={shown} /> : <p class="message">The map grows here.</p>}
      </section>
    </main>
  );
}
