/** The rows of a report in the order that was asked for, and their figures as people read them. */
import type { Schemas } from '$/api/client';
import { count } from '$/app/words';

export type Row = Schemas['ReportRow'];
export type Survey = Schemas['Survey'];
export type Unit = Schemas['Bars']['unit'];

export const ORDERS = {
  name: 'By name',
  length: 'Longest first',
  width: 'Widest first',
  area: 'Largest area first',
} as const;
export type Order = keyof typeof ORDERS;

/** The order that an address names, by name where it names none. */
export function orderOf(text: string | null): Order {
  return text && text in ORDERS ? (text as Order) : 'name';
}

/** Pictures without a figure come last. */
export function ordered(rows: readonly Row[], order: Order, unit: Unit): readonly Row[] {
  if (order === 'name') return rows.toSorted((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }));
  const of = (row: Row) =>
    ({ length: inUnit(row, 'length', unit), width: inUnit(row, 'max_width', unit), area: row.area_share })[order] ?? -1;
  return rows.toSorted((a, b) => of(b) - of(a));
}

type Figure = 'length' | 'mean_width' | 'max_width';

function inUnit(row: Row, figure: Figure, unit: Unit): number | null {
  return unit === 'mm' ? row[`${figure}_mm`] : row[`${figure}_px`];
}

/** A length or width in its unit, without it: "1,234", "12.3", "0.45"; "–" where there is none. */
export function size(row: Row, figure: Figure, unit: Unit): string {
  const value = inUnit(row, figure, unit);
  return value === null || row.area_px === 0 ? '–' : measure(value);
}

/** Three figures that matter, and no more: 1234.5 → "1,235", 12.34 → "12.3", 0.456 → "0.46", 4 → "4". */
export function measure(value: number): string {
  if (value >= 100 || Number.isInteger(value)) return count(Math.round(value));
  return value.toFixed(value >= 10 ? 1 : 2);
}

/** Millimetres as people say them: 1234 → "1.23 m", 45.6 → "45.6 mm". */
export function metres(millimetres: number): string {
  return millimetres >= 1000 ? `${measure(millimetres / 1000)} m` : `${measure(millimetres)} mm`;
}

/** A direction in whole degrees, 0 being level and 90 upright. */
export function direction(row: Row): string {
  return row.orientation_deg === null ? '–' : `${Math.round(row.orientation_deg)}°`;
}
