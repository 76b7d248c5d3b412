/** Masks, probabilities and differences as pixels of the part of a picture that is in view, whatever its whole size. */
import type { Pyramid } from './pyramid';

/** A part of a picture as `width` × `height` drawn pixels, `step` picture pixels each, from (`left`, `top`) on. */
export interface Window {
  width: number;
  height: number;
  left: number;
  top: number;
  step: number;
}
/** Fills drawn pixels, four bytes each (0xAABBGGRR). */
export type Painter = (target: Uint32Array, window: Window) => void;
export type Colour = readonly [red: number, green: number, blue: number];

export const SAME = 1;
export const ADDED = 2;
export const REMOVED = 3;
export const RENAMED = 4;

export function packed([red, green, blue]: Colour, alpha = 255): number {
  return ((alpha << 24) | (blue << 16) | (green << 8) | red) >>> 0;
}

/** The lowest value of a probability map, 0..255, that belongs to a mask at a threshold 0..1. */
export function cut(threshold: number): number {
  return Math.ceil(255 * threshold - 1e-9);
}

/** Draws each value in the colour that `look` (256 of them) has for it. */
export function values(pyramid: Pyramid, look: Uint32Array): Painter {
  return (target, window) => {
    const { data, columns, rows } = sampled(pyramid, window);
    const { width } = window;
    rows.forEach((row, y) => {
      const out = y * width;
      if (row < 0) target.fill(0, out, out + width);
      else for (let x = 0; x < width; x++) target[out + x] = columns[x]! < 0 ? 0 : look[data[row + columns[x]!]!]!;
    });
  };
}

/** Draws the class with the highest probability of those that reach the threshold; a null colour hides a class. */
export function winners(maps: readonly Pyramid[], threshold: number, colours: readonly (Colour | null)[]): Painter {
  const least = cut(threshold);
  const inks = maps.map((_, at) => (colours[at] ? packed(colours[at]) : 0));
  const only = maps[0];
  if (only && maps.length === 1)
    return values(
      only,
      Uint32Array.from({ length: 256 }, (_, value) => (value >= least ? inks[0]! : 0)),
    );
  return (target, window) => {
    const seen = maps.map((one) => sampled(one, window));
    const first = seen[0];
    if (!first) return void target.fill(0);
    const { columns, rows } = first;
    rows.forEach((row, y) => {
      for (let x = 0; x < window.width; x++) {
        const place = row + columns[x]!;
        let ink = 0;
        if (row >= 0 && columns[x]! >= 0)
          for (let at = 0, best = least - 1; at < seen.length; at++)
            if (seen[at]!.data[place]! > best) {
              best = seen[at]!.data[place]!;
              ink = inks[at]!;
            }
        target[y * window.width + x] = ink;
      }
    });
  };
}

/** The mask at a threshold at full size: class indices, 0 the background. */
export function thresholded(maps: readonly Pyramid[], threshold: number): Uint8Array<ArrayBuffer> {
  const least = cut(threshold);
  const mask = new Uint8Array(maps[0]?.data.length ?? 0);
  const best = maps.length > 1 ? new Uint8Array(mask.length) : undefined;
  maps.forEach(({ data }, at) => {
    for (let place = 0; place < mask.length; place++) {
      const value = data[place]!;
      if (value < least || (best && mask[place] && value <= best[place]!)) continue;
      mask[place] = at + 1;
      if (best) best[place] = value;
    }
  });
  return mask;
}

export interface Comparison {
  /** SAME, ADDED, REMOVED or RENAMED per pixel, 0 where neither drew anything. */
  data: Uint8Array<ArrayBuffer>;
  /** Pixels of each of those kinds, by its number. */
  counts: number[];
  /** Dice over all drawn pixels, each as its class; 1 where both are empty. */
  dice: number;
}

/** What a person added to the model's mask and took from it. */
export function compared(human: Uint8Array, model: Uint8Array): Comparison {
  const data = new Uint8Array(human.length);
  const counts = [0, 0, 0, 0, 0];
  for (let place = 0; place < data.length; place++) {
    const [mine, theirs] = [human[place]!, model[place]!];
    if (!mine && !theirs) continue;
    const kind = mine === theirs ? SAME : !theirs ? ADDED : !mine ? REMOVED : RENAMED;
    data[place] = kind;
    counts[kind]!++;
  }
  const [, same, added, removed, renamed] = counts as [number, number, number, number, number];
  const all = 2 * same + added + removed + 2 * renamed;
  return { data, counts, dice: all ? (2 * same) / all : 1 };
}

/** Places of one level for every drawn column and row; -1 outside the picture. */
function sampled(pyramid: Pyramid, { width, height, left, top, step }: Window) {
  const rank = pyramid.rank(step);
  const level = pyramid.levels[rank]!;
  const place = (from: number, at: number, side: number) => {
    const pixel = Math.floor(from + (at + 0.5) * step);
    return pixel < 0 || pixel >= side ? -1 : pixel >> rank;
  };
  const columns = Int32Array.from({ length: width }, (_, x) => place(left, x, pyramid.size.width));
  const rows = Int32Array.from({ length: height }, (_, y) => {
    const row = place(top, y, pyramid.size.height);
    return row < 0 ? -1 : row * level.width;
  });
  return { data: level.data, columns, rows };
}
