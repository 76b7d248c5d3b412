/** The colours of mask classes: the same, in the same order, as `vision/colours.py` has on the server. */
import { packed, type Colour } from './paint';

/** Class 1 first. Seven of Okabe and Ito (2008), then five of Tol's "muted": distinct to colour-blind eyes. */
export const PALETTE: readonly Colour[] = [
  [213, 94, 0],
  [0, 114, 178],
  [240, 228, 66],
  [204, 121, 167],
  [0, 158, 115],
  [86, 180, 233],
  [230, 159, 0],
  [51, 34, 136],
  [136, 34, 85],
  [153, 153, 51],
  [68, 170, 153],
  [221, 204, 119],
];
/** Of a comparison, by the numbers SAME, ADDED, REMOVED and RENAMED. */
const KINDS: readonly (Colour | null)[] = [null, [235, 235, 225], [86, 180, 233], [230, 159, 0], [204, 121, 167]];
/** Probabilities 0, ¼, ½, ¾ and 1: "inferno" without its black end (van der Walt and Smith, 2015). */
const RAMP: readonly Colour[] = [
  [66, 10, 104],
  [147, 38, 103],
  [221, 81, 58],
  [252, 165, 10],
  [252, 255, 164],
];
const FAINT = 0.2; // probabilities below fade away, so that the photo is seen

/** The colour of a class, counted from 0. */
export function colourOf(index: number): Colour {
  return PALETTE[index % PALETTE.length]!;
}
export function css([red, green, blue]: Colour): string {
  return `rgb(${red} ${green} ${blue})`;
}
export function kindColour(kind: number): Colour {
  return KINDS[kind] ?? [0, 0, 0];
}

/** How a mask's values are drawn: classes that are off stay clear. */
export function classLook(count: number, off: (index: number) => boolean): Uint32Array {
  const look = new Uint32Array(256);
  for (let index = 0; index < count; index++) if (!off(index)) look[index + 1] = packed(colourOf(index));
  return look;
}
export const KIND_LOOK = Uint32Array.from({ length: 256 }, (_, kind) => (KINDS[kind] ? packed(KINDS[kind]) : 0));
export const HEAT_LOOK = Uint32Array.from({ length: 256 }, (_, value) => {
  const share = value / 255;
  return packed(heat(share), Math.round(255 * Math.min(1, share / FAINT)));
});

/** The colour of a probability 0..1. */
export function heat(share: number): Colour {
  const at = Math.min(share * (RAMP.length - 1), RAMP.length - 1 - 1e-9);
  const [low, high, part] = [RAMP[Math.floor(at)]!, RAMP[Math.floor(at) + 1]!, at % 1];
  const mixed = (channel: 0 | 1 | 2) => Math.round(low[channel] + (high[channel] - low[channel]) * part);
  return [mixed(0), mixed(1), mixed(2)];
}
