import type { Signal } from "@preact/signals";

/** Shows so many more of a list, if it has more than are shown. */
export function MoreButton({
  shown,
  page,
  of,
}: {
  readonly shown: Signal<number>;
  readonly page: number;
  readonly of: number;
}) {
  const rest = of - shown.value;
  if (rest <= 0) return null;
  return (
    <button
      type="button"
      class="more"
      onClick={() => {
        shown.value += page;
      }}
    >
      {rest.toLocaleString("en")} more
    </button>
  );
}
