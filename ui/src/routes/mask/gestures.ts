/** Fingers, mouse and wheel on a picture: they move and zoom it, or hand a stroke to the tool in hand. */
import { apart, type Point } from './raster';
import type { View } from './view.svelte';

/** What a pointer does on a picture beside moving it; places are in pixels of the picture. */
export interface Tool {
  press(at: Point): void;
  drag(to: readonly Point[]): void;
  lift(): void;
  /** The stroke was none: a second finger came, and the two move the picture. */
  cancel(): void;
}

export class Gestures {
  /** Space is held: the pointer moves the picture whatever the tool. */
  carrying = false;
  readonly #fingers = new Map<number, Point>();
  #drawing: number | undefined;

  constructor(
    private readonly view: () => View,
    private readonly tool: () => Tool | undefined,
  ) {}

  press(event: PointerEvent): void {
    if (event.button > 1) return;
    const frame = event.currentTarget as HTMLElement;
    const at = place(event, frame);
    this.#fingers.set(event.pointerId, at);
    const tool = this.tool();
    if (this.#fingers.size > 1) this.#stop();
    else if (tool && event.button === 0 && !this.carrying) {
      this.#drawing = event.pointerId;
      tool.press(this.view().within(at));
    }
    if (tool || this.view().near || this.#fingers.size > 1) frame.setPointerCapture(event.pointerId);
    if (event.button === 1) event.preventDefault();
  }

  drag(event: PointerEvent): void {
    const before = this.#fingers.get(event.pointerId);
    if (!before) return;
    const frame = event.currentTarget as HTMLElement;
    const now = place(event, frame);
    this.#fingers.set(event.pointerId, now);
    const view = this.view();
    const other = [...this.#fingers].find(([id]) => id !== event.pointerId)?.[1];
    if (this.#drawing === event.pointerId) {
      const steps = event.getCoalescedEvents?.() ?? [];
      const places = steps.length ? steps.map((one) => place(one, frame)) : [now];
      this.tool()?.drag(places.map((one) => view.within(one)));
    } else if (other) {
      const middle = { x: (now.x + other.x) / 2, y: (now.y + other.y) / 2 };
      view.move((now.x - before.x) / 2, (now.y - before.y) / 2);
      view.zoom((apart(now, other) || 1) / (apart(before, other) || 1), middle);
    } else view.move(now.x - before.x, now.y - before.y);
  }

  lift(event: PointerEvent): void {
    this.#fingers.delete(event.pointerId);
    if (this.#drawing !== event.pointerId) return;
    this.#drawing = undefined;
    this.tool()?.lift();
  }

  /** The browser took the pointer away. */
  lost(event: PointerEvent): void {
    this.#fingers.delete(event.pointerId);
    if (this.#drawing === event.pointerId) this.#stop();
  }

  wheel(event: WheelEvent): void {
    event.preventDefault();
    const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 20 : 1;
    this.view().zoom(Math.exp((-event.deltaY * lines) / 300), place(event, event.currentTarget as HTMLElement));
  }

  #stop(): void {
    if (this.#drawing === undefined) return;
    this.#drawing = undefined;
    this.tool()?.cancel();
  }
}

/** Where an event is in the frame, whose border is one pixel or none. */
export function place(event: MouseEvent, frame: HTMLElement): Point {
  const box = frame.getBoundingClientRect();
  return { x: event.clientX - box.left - frame.clientLeft, y: event.clientY - box.top - frame.clientTop };
}
