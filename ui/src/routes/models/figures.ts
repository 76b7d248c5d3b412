/** A model's measured figures out of the free JSON that the server keeps them in. */
import type { Interval } from '$/app/words';

export interface ClassRow {
  name: string;
  n: number;
  precision: Interval | null;
  recall: Interval | null;
  f1: Interval | null;
}

export interface Figures {
  n: number;
  values: Partial<Record<Name, Interval>>;
  perClass: ClassRow[];
  leaked: number;
  unreadable: number;
}

export type Name = 'accuracy' | 'macro_f1' | 'ece' | 'roc_auc' | 'unknown_share';

/** What each figure is called, what it means, and whether it is written as a share. */
export const MEANINGS: Record<Name, { title: string; note: string; share: boolean }> = {
  accuracy: { title: 'Accuracy', note: 'right answers of all', share: true },
  macro_f1: { title: 'Macro F1', note: 'every class counts the same', share: true },
  roc_auc: { title: 'ROC-AUC', note: 'how well classes are told apart; 1 is perfect', share: false },
  ece: { title: 'Calibration error', note: 'how far “90 % sure” is off; 0 is perfect', share: true },
  unknown_share: { title: 'Unknown', note: 'below the floor of confidence', share: true },
};
export const NAMES = Object.keys(MEANINGS) as Name[];

type Free = Record<string, unknown>;

/** An interval out of `{value, low, high}`; null where the figure is undefined. */
export function estimate(found: unknown): Interval | null {
  const { value, low, high } = (found ?? {}) as Free;
  if (typeof value !== 'number') return null;
  return { value, low: typeof low === 'number' ? low : null, high: typeof high === 'number' ? high : null };
}

/** Figures as `measure.labels.score` writes them; undefined where nothing was judged. */
export function figures(found: unknown): Figures | undefined {
  const told = (found ?? {}) as Free;
  const n = Number(told['n'] ?? 0);
  if (!n) return undefined;
  const values: Figures['values'] = {};
  for (const name of NAMES) {
    const one = estimate(told[name]);
    if (one) values[name] = one;
  }
  const rows = Array.isArray(told['per_class']) ? (told['per_class'] as Free[]) : [];
  return {
    n,
    values,
    perClass: rows.map(classRow),
    leaked: Number(told['leaked'] ?? 0),
    unreadable: Number(told['unreadable'] ?? 0),
  };
}

function classRow(row: Free): ClassRow {
  const intervals = (row['intervals'] ?? {}) as Record<string, [number | null, number | null] | undefined>;
  const one = (name: string) => estimate({ value: row[name], low: intervals[name]?.[0], high: intervals[name]?.[1] });
  return {
    name: String(row['class']),
    n: Number(row['n']),
    precision: one('precision'),
    recall: one('recall'),
    f1: one('f1'),
  };
}

/** The figures on the test side that a version keeps. */
export function testFigures(metrics: Free): Figures | undefined {
  return figures(metrics['test']);
}

/** A parameter's value as text. */
export function shown(value: unknown): string {
  if (value === null || value === undefined || value === '') return '–';
  if (Array.isArray(value)) return value.map(shown).join(', ');
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

export interface Row {
  name: string;
  a: string;
  b: string;
  /** Only one of them has it. */
  alone: boolean;
}

/** Rows of parameters in which two versions or runs differ, by name. */
export function differing(a: Free, b: Free): Row[] {
  const names = [...new Set([...Object.keys(a), ...Object.keys(b)])].sort();
  return names
    .map((name) => ({ name, a: shown(a[name]), b: shown(b[name]), alone: !(name in a && name in b) }))
    .filter((row) => row.a !== row.b);
}
