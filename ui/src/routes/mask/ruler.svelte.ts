/** Two ends of something of known length, clicked on the photo. */
import type { Tool } from './gestures';
import { apart, type Point } from './raster';

export class Ruler implements Tool {
  /** Whether the next clicks on the photo are its ends. */
  on = $state(false);
  ends = $state.raw<readonly Point[]>([]);

  /** In pixels of the picture; undefined until both ends are there. */
  get length(): number | undefined {
    const [a, b] = this.ends;
    return a && b && apart(a, b) > 0 ? apart(a, b) : undefined;
  }

  press(at: Point): void {
    this.ends = this.ends.length === 1 ? [this.ends[0]!, at] : [at];
  }
  /** A drag draws the second end. */
  drag(to: readonly Point[]): void {
    const last = to.at(-1);
    const first = this.ends[0];
    if (first && last && apart(first, last) > 1) this.ends = [first, last];
  }
  lift(): void {}
  cancel(): void {
    this.ends = this.ends.slice(0, -1);
  }
  start(): void {
    this.on = true;
    this.ends = [];
  }
  stop(): void {
    this.on = false;
    this.ends = [];
  }
}

/** Pixels to the millimetre out of what was typed; undefined where it is none. */
export function positive(text: string): number | undefined {
  const value = Number(text.trim().replace(',', '.'));
  return text.trim() && Number.isFinite(value) && value > 0 ? value : undefined;
}
