// Mouse, pen, fingers and wheel on the map, told as what they mean.

export interface GestureHandlers {
  /** Whether a drag that begins now draws an area instead of moving the map. */
  draws(event: PointerEvent): boolean;
  pan(dx: number, dy: number): void;
  zoom(left: number, top: number, factor: number): void;
  /** The corners of the area so far. */
  drawing(outline: readonly [number, number][], done: boolean): void;
  /** The pointer is here, or has left. */
  point(at: [number, number] | undefined): void;
  click(at: [number, number]): void;
}

/** Pixels by which a click may slip. */
const CLICK = 5;

/** @returns stops listening */
export function listenToGestures(element: HTMLElement, handlers: GestureHandlers): () => void {
  const stop = new AbortController();
  const listen = <K extends keyof HTMLElementEventMap>(
    name: K,
    handle: (event: HTMLElementEventMap[K]) => void,
  ) => element.addEventListener(name, handle, { signal: stop.signal, passive: false });
  const positionOf = (event: MouseEvent): [number, number] => {
    const { left, top } = element.getBoundingClientRect();
    return [event.clientX - left, event.clientY - top];
  };

  const pointers = new Map<number, [number, number]>();
  let start: [number, number] | undefined;
  let moved = false;
  let outline: [number, number][] | undefined;

  listen("pointerdown", (event) => {
    if (event.button !== 0) return;
    element.setPointerCapture(event.pointerId);
    const at = positionOf(event);
    pointers.set(event.pointerId, at);
    if (pointers.size > 1) {
      // A second finger: it was a pinch all along.
      if (outline) handlers.drawing([], true);
      outline = undefined;
      moved = true;
      return;
    }
    start = at;
    moved = false;
    outline = handlers.draws(event) ? [at] : undefined;
  });

  listen("pointermove", (event) => {
    const at = positionOf(event);
    const before = pointers.get(event.pointerId);
    if (!before) {
      handlers.point(at);
      return;
    }
    if (start && Math.hypot(at[0] - start[0], at[1] - start[1]) > CLICK) moved = true;
    if (!moved) return;
    handlers.point(undefined);
    if (pointers.size === 2) pinch(event.pointerId, before, at);
    else if (outline) {
      outline.push(at);
      handlers.drawing(outline, false);
    } else if (pointers.size === 1) handlers.pan(at[0] - before[0], at[1] - before[1]);
    pointers.set(event.pointerId, at);
  });

  const pinch = (id: number, before: [number, number], at: [number, number]) => {
    const [, other] = [...pointers].find(([key]) => key !== id)!;
    const apart = (one: [number, number]) => Math.hypot(one[0] - other[0], one[1] - other[1]) || 1;
    handlers.pan((at[0] - before[0]) / 2, (at[1] - before[1]) / 2);
    handlers.zoom((at[0] + other[0]) / 2, (at[1] + other[1]) / 2, apart(at) / apart(before));
  };

  const lift = (event: PointerEvent, cancelled: boolean) => {
    if (!pointers.delete(event.pointerId) || pointers.size > 0) return;
    if (outline) handlers.drawing(cancelled || !moved ? [] : outline, true);
    if (!moved && !cancelled) handlers.click(positionOf(event));
    outline = undefined;
    start = undefined;
  };
  listen("pointerup", (event) => lift(event, false));
  listen("pointercancel", (event) => lift(event, true));
  listen("pointerleave", () => handlers.point(undefined));

  listen("wheel", (event) => {
    event.preventDefault();
    // Lines and pages as pixels; a pinch on a touch pad comes as a wheel with ctrl, in small steps.
    const pixels = event.deltaY * (event.deltaMode === 1 ? 16 : event.deltaMode === 2 ? 400 : 1);
    const factor = Math.exp(-pixels * (event.ctrlKey ? 0.01 : 0.0018));
    handlers.zoom(...positionOf(event), Math.min(Math.max(factor, 0.4), 2.5));
  });
  listen("dblclick", (event) => handlers.zoom(...positionOf(event), 2));
  return () => stop.abort();
}
