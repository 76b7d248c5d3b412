/** A byte per pixel at full, half, quarter … size, each the largest of four: what is thin is seen from afar too. */
import type { Size } from './raster';

/** Pixels from `left`, `top` up to, not including, `right`, `bottom`. */
export interface Box {
  left: number;
  top: number;
  right: number;
  bottom: number;
}
export interface Level extends Size {
  data: Uint8Array;
}

const LEAST = 16; // pixels a side: no picture is drawn smaller

export class Pyramid {
  readonly levels: readonly Level[];

  /** `data` stays the first level: change it, then `refresh` what changed. */
  constructor(
    readonly data: Uint8Array,
    readonly size: Size,
  ) {
    const levels: Level[] = [{ ...size, data }];
    for (let last = levels[0]!; Math.max(last.width, last.height) > LEAST; last = levels.at(-1)!) {
      const [width, height] = [Math.ceil(last.width / 2), Math.ceil(last.height / 2)];
      levels.push({ width, height, data: new Uint8Array(width * height) });
    }
    this.levels = levels;
    this.refresh({ left: 0, top: 0, right: size.width, bottom: size.height });
  }

  /** Take over what changed in a box of the first level. */
  refresh(box: Box): void {
    let { left, top, right, bottom } = box;
    for (let at = 1; at < this.levels.length; at++) {
      [left, top, right, bottom] = [left >> 1, top >> 1, (right + 1) >> 1, (bottom + 1) >> 1];
      halve(this.levels[at - 1]!, this.levels[at]!, { left, top, right, bottom });
    }
  }

  /** The number of the finest level none of whose pixels is lost where one pixel is drawn for every `step` × `step`. */
  rank(step: number): number {
    return Math.max(0, Math.min(this.levels.length - 1, Math.ceil(Math.log2(step) - 1e-6)));
  }
}

function halve(from: Level, to: Level, { left, top, right, bottom }: Box): void {
  const { width, height, data } = from;
  for (let y = top; y < bottom; y++) {
    const upper = 2 * y * width;
    const lower = 2 * y + 1 < height ? upper + width : upper;
    for (let x = left; x < right; x++) {
      const near = 2 * x;
      const far = near + 1 < width ? near + 1 : near;
      const a = Math.max(data[upper + near]!, data[upper + far]!);
      const b = Math.max(data[lower + near]!, data[lower + far]!);
      to.data[y * to.width + x] = a > b ? a : b;
    }
  }
}
