/** The tools of the mask editor: what a pointer on the picture does to the draft. */
import type { Draft } from './draft.svelte';
import type { Tool } from './gestures';
import { connected, polygon, settled, stroke, type Point } from './raster';

export type Means = 'brush' | 'rubber' | 'polygon' | 'fill';

export const LARGEST = 400; // pixels across

export class Editing implements Tool {
  means = $state<Means>('brush');
  /** Of brush and rubber, in pixels of the picture. */
  across = $state(8);
  /** The class that is drawn, counted from 1. */
  value = $state(1);
  /** Corners of the polygon that is being drawn. */
  corners = $state.raw<Point[]>([]);
  /** Says what a tool would not do. */
  refused: (text: string) => void = () => {};
  #last: Point | undefined;

  constructor(readonly draft: Draft) {}

  get brushes(): boolean {
    return this.means === 'brush' || this.means === 'rubber';
  }

  use(means: Means): void {
    if (means !== 'polygon') this.corners = [];
    this.means = means;
  }
  /** One step larger or smaller: by a tenth of the size, at least by a pixel. */
  resize(way: 1 | -1): void {
    const by = Math.max(1, Math.round(this.across / 8));
    this.across = Math.max(1, Math.min(LARGEST, this.across + way * by));
  }

  press(at: Point): void {
    if (this.means === 'polygon') return void (this.corners = [...this.corners, at]);
    if (this.means === 'fill') return this.#flood(at);
    this.draft.begin();
    this.#last = undefined;
    this.drag([at]);
  }
  drag(to: readonly Point[]): void {
    if (!this.brushes) return;
    for (const point of to) {
      const next = settled(point, this.across);
      const value = this.means === 'rubber' ? 0 : this.value;
      this.draft.paint(stroke(this.#last ?? next, next, this.across, this.draft.size), value);
      this.#last = next;
    }
  }
  lift(): void {
    if (this.brushes) this.draft.end();
  }
  cancel(): void {
    if (this.brushes) this.draft.cancel();
    else if (this.means === 'polygon') this.unpoint();
  }

  /** Fill the polygon; it needs three corners. */
  close(): void {
    const corners = this.corners.filter((one, at, all) => !at || one.x !== all[at - 1]!.x || one.y !== all[at - 1]!.y);
    if (corners.length < 3) return this.refused('A polygon needs three corners: click them one after another.');
    this.corners = [];
    this.draft.paint(polygon(corners, this.draft.size), this.value);
  }
  unpoint(): void {
    this.corners = this.corners.slice(0, -1);
  }

  /** Fill a hole, rub out a piece of the class in hand, or give a piece of another class this one. */
  #flood(at: Point): void {
    const { data, size } = this.draft;
    const [x, y] = [Math.floor(at.x), Math.floor(at.y)];
    if (x < 0 || y < 0 || x >= size.width || y >= size.height) return;
    const was = data[y * size.width + x]!;
    const { spans, open } = connected(data, size, x, y);
    if (was === 0 && open)
      return this.refused('That area is open to the edge of the picture: close its outline first.');
    this.draft.paint(spans, was === this.value ? 0 : this.value);
  }
}
