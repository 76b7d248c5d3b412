/** Masks made small enough to lie over a thumbnail without losing what is thin. */
import type { Grey } from '$/routes/mask/png';
import type { Colour } from '$/routes/mask/paint';

/** At most `side` pixels long; a pixel has a class where any pixel under it has one (of several the last of the project). */
export function pooled(mask: Grey, side: number): Grey {
  const step = Math.ceil(Math.max(mask.width, mask.height) / side);
  if (step <= 1) return mask;
  const width = Math.ceil(mask.width / step);
  const height = Math.ceil(mask.height / step);
  const data = new Uint8Array(width * height);
  for (let y = 0; y < mask.height; y++) {
    const row = Math.floor(y / step) * width;
    const from = y * mask.width;
    for (let x = 0; x < mask.width; x++) {
      const value = mask.data[from + x]!;
      if (value === 0) continue;
      const place = row + Math.floor(x / step);
      if (value > data[place]!) data[place] = value;
    }
  }
  return { width, height, data };
}

/** Red, green, blue and opacity (all 0..255) of every pixel; the background lets everything through. */
export function coloured(
  { data }: Grey,
  colourOf: (value: number) => Colour,
  opacity = 190,
): Uint8ClampedArray<ArrayBuffer> {
  const out = new Uint8ClampedArray(data.length * 4);
  for (const [place, value] of data.entries()) {
    if (value === 0) continue;
    out.set(colourOf(value), place * 4);
    out[place * 4 + 3] = opacity;
  }
  return out;
}
