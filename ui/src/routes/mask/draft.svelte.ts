/** A mask while somebody draws it: strokes by steps without limit, and how far it is from the model's. */
import { Pyramid, type Box } from './pyramid';
import type { Size, Spans } from './raster';

/** Runs of pixels that changed: start, length, former value, new value. */
type Step = Int32Array;

export class Draft {
  /** Counts changes: whoever draws the mask reads it. */
  version = $state(0);
  readonly pyramid: Pyramid;
  readonly data: Uint8Array<ArrayBuffer>;
  readonly #model: Uint8Array | undefined;
  #done = $state.raw<Step[]>([]);
  #undone = $state.raw<Step[]>([]);
  #saved = $state.raw<Step | undefined>(undefined);
  #open: number[] | undefined;
  #counts = { mine: 0, theirs: 0, same: 0 };

  /** `start` is what it begins with and is copied; `model` what it is compared with. */
  constructor(
    readonly size: Size,
    start: Uint8Array,
    model?: Uint8Array,
  ) {
    this.data = Uint8Array.from(start);
    this.#model = model;
    this.pyramid = new Pyramid(this.data, size);
    for (let at = 0; at < this.data.length; at++) {
      const [mine, theirs] = [this.data[at]!, model?.[at] ?? 0];
      if (mine) this.#counts.mine++;
      if (theirs) this.#counts.theirs++;
      if (mine && mine === theirs) this.#counts.same++;
    }
  }

  /** Dice with the model's mask over all drawn pixels, each as its class; null where there is none. */
  get dice(): number | null {
    void this.version;
    if (!this.#model) return null;
    const { mine, theirs, same } = this.#counts;
    return mine + theirs ? (2 * same) / (mine + theirs) : 1;
  }
  /** Pixels that are drawn. */
  get area(): number {
    void this.version;
    return this.#counts.mine;
  }
  get unsaved(): boolean {
    return this.#done.at(-1) !== this.#saved;
  }
  get canUndo(): boolean {
    return this.#done.length > 0;
  }
  get canRedo(): boolean {
    return this.#undone.length > 0;
  }

  /** What is drawn from now on is one step. */
  begin(): void {
    this.end();
    this.#open = [];
  }

  /** Give these pixels this value; a step of its own where none is open. */
  paint(spans: Spans, value: number): void {
    this.#during((step) => {
      for (let at = 0; at < spans.length; at += 2) this.#fill(step, spans[at]!, spans[at + 1]!, value);
    });
  }

  /** Become another mask of the same size, or an empty one, as one step. */
  replace(other?: Uint8Array): void {
    const { width } = this.size;
    this.#during((step) => {
      for (let from = 0; from < this.data.length; from += width) this.#fill(step, from, from + width, 0, other);
    });
  }

  end(): void {
    const step = this.#open;
    this.#open = undefined;
    if (!step?.length) return;
    this.#done = [...this.#done, Int32Array.from(step)];
    this.#undone = [];
  }
  /** Forget the open step. */
  cancel(): void {
    const step = this.#open;
    this.#open = undefined;
    if (step?.length) this.#apply(Int32Array.from(step), false);
  }

  undo(): void {
    this.end();
    const step = this.#done.at(-1);
    if (!step) return;
    this.#done = this.#done.slice(0, -1);
    this.#undone = [...this.#undone, step];
    this.#apply(step, false);
  }
  redo(): void {
    this.end();
    const step = this.#undone.at(-1);
    if (!step) return;
    this.#undone = this.#undone.slice(0, -1);
    this.#done = [...this.#done, step];
    this.#apply(step, true);
  }
  saved(): void {
    this.end();
    this.#saved = this.#done.at(-1);
  }

  #during(change: (step: number[]) => void): void {
    const alone = !this.#open;
    if (alone) this.begin();
    const step = this.#open!;
    const before = step.length;
    change(step);
    this.#changed(step, before);
    if (alone) this.end();
  }

  /** Note the runs in which pixels of one row become `value`, or what `other` has there, and change them. */
  #fill(step: number[], from: number, to: number, value: number, other?: Uint8Array): void {
    const data = this.data;
    for (let at = from; at < to;) {
      const was = data[at]!;
      const now = other ? other[at]! : value;
      let end = at + 1;
      while (end < to && data[end] === was && (!other || other[end] === now)) end++;
      if (was !== now) {
        step.push(at, end - at, was, now);
        this.#set(at, end - at, was, now);
      }
      at = end;
    }
  }

  #apply(step: Step, forward: boolean): void {
    const last = step.length - 4;
    for (let k = 0; k <= last; k += 4) {
      const at = forward ? k : last - k;
      const [start, length, was, now] = [step[at]!, step[at + 1]!, step[at + 2]!, step[at + 3]!];
      this.#set(start, length, forward ? was : now, forward ? now : was);
    }
    this.#changed(step, 0);
  }

  #set(start: number, length: number, was: number, now: number): void {
    this.data.fill(now, start, start + length);
    const counts = this.#counts;
    counts.mine += length * (Number(now > 0) - Number(was > 0));
    if (!this.#model) return;
    for (let at = start; at < start + length; at++) {
      const theirs = this.#model[at]!;
      if (theirs) counts.same += Number(theirs === now) - Number(theirs === was);
    }
  }

  #changed(step: ArrayLike<number>, from: number): void {
    if (step.length === from) return;
    this.pyramid.refresh(boxOf(step, from, this.size.width));
    this.version++;
  }
}

/** The box around runs, none of which leaves its row. */
function boxOf(step: ArrayLike<number>, from: number, width: number): Box {
  const box = { left: width, top: Infinity, right: 0, bottom: 0 };
  for (let at = from; at < step.length; at += 4) {
    const row = Math.floor(step[at]! / width);
    const left = step[at]! - row * width;
    box.left = Math.min(box.left, left);
    box.right = Math.max(box.right, left + step[at + 1]!);
    box.top = Math.min(box.top, row);
    box.bottom = Math.max(box.bottom, row + 1);
  }
  return box;
}
