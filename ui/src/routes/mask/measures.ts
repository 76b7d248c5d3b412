/** What a mask measures, as people read it. */
import { count, percent } from '$/app/words';
import type { Geometry } from './wire';

export interface Row {
  name: string;
  px: string;
  /** In millimetres; '' where no scale is known or it has none. */
  mm: string;
}

/** 0.5 → "0.50", 12.34 → "12.3", 1234.5 → "1,235": three figures, no more than the eye believes. */
export function three(value: number): string {
  if (value === 0) return '0';
  const digits = Math.max(0, Math.min(3, 2 - Math.floor(Math.log10(Math.abs(value)) + 1e-12)));
  return digits ? value.toFixed(digits) : count(Math.round(value));
}

const px = (value: number) => `${three(value)} px`;
const mm = (value: number | null) => (value === null ? '' : `${three(value)} mm`);

/** The rows of a table of one mask, most asked for first. */
export function rows(found: Geometry): Row[] {
  const area = found.area_mm2 === null ? '' : `${three(found.area_mm2)} mm²`;
  return [
    { name: 'Length', px: px(found.length_px), mm: mm(found.length_mm) },
    { name: 'Mean width', px: px(found.mean_width_px), mm: mm(found.mean_width_mm) },
    { name: 'Largest width', px: px(found.max_width_px), mm: mm(found.max_width_mm) },
    { name: 'Area', px: `${count(found.area_px)} px`, mm: area },
    { name: 'Share of the picture', px: share(found.area_share), mm: '' },
    { name: 'Pieces', px: count(found.pieces), mm: '' },
    { name: 'Main direction', px: direction(found.orientation_deg), mm: '' },
  ];
}

/** A small share keeps its figures: 0.0004 → "0.04 %". */
export function share(value: number): string {
  return percent(value, value > 0 && value < 0.01 ? 2 : 1);
}

/** Degrees from the horizontal with the word for it. */
export function direction(degrees: number | null): string {
  if (degrees === null) return '–';
  const word =
    degrees < 22.5 || degrees >= 157.5 ? 'across' : degrees < 67.5 ? 'rising' : degrees < 112.5 ? 'upright' : 'falling';
  return `${Math.round(degrees) % 180}° (${word})`;
}

/** A length of the picture in words: millimetres where a scale is known. */
export function length(pixels: number, pxPerMm: number | null): string {
  return pxPerMm ? mm(pixels / pxPerMm) : px(pixels);
}
