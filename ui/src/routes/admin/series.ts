/** The server's figures as people read them, and as curves. */
import type { Schemas } from '$/api/client';
import { bytes, count, duration } from '$/app/words';

/** Points are pairs of ISO time and number, oldest first. */
type Series = Omit<Schemas['Series'], 'points'> & { points: readonly (readonly (string | number)[])[] };
type Now = Schemas['Now'];

/** What an experiment server has been told. */
export type Mirror = Schemas['Mirror'];

const TITLES: Record<string, string> = {
  requests_per_second: 'Requests',
  errors_per_second: 'Failed requests',
  p50: 'Middle request takes',
  p99: 'Slowest hundredth takes',
  predictions_per_second: 'Predictions',
  queue: 'Pictures waiting for an answer',
  memory: 'Memory of this process',
  models_loaded: 'Models in memory',
};

const NOTHING: Record<string, string> = {
  p50: 'Comes with the first request.',
  p99: 'Comes with the first request.',
  memory: 'This system does not tell.',
};

/** A figure in its unit: 2.44 requests → "2.4 /s", 0.0168 s → "17 ms". */
export function figure(value: number, unit: string): string {
  if (unit === '1/s') return `${value === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} /s`;
  if (unit === 's') return duration(value);
  if (unit === 'bytes') return bytes(value);
  return count(Math.round(value));
}

export interface Card {
  name: string;
  title: string;
  value: string;
  /** Why there is no value, or how far it went. */
  note: string;
  points: number[];
}

/** One card per figure, in the server's order. */
export function cards(series: readonly Series[], now: Now): Card[] {
  return series.map(({ name, title, unit, points }) => {
    const value = now[name as keyof Now];
    const values = points.map(([, y]) => Number(y));
    return {
      name,
      title: TITLES[name] ?? title,
      value: value == null ? '–' : figure(value, unit),
      note: value == null ? (NOTHING[name] ?? 'Not measured yet.') : spread(values, unit),
      points: values,
    };
  });
}

function spread(values: readonly number[], unit: string): string {
  if (values.length < 2) return 'The curve begins in a few seconds.';
  const [low, high] = [figure(Math.min(...values), unit), figure(Math.max(...values), unit)];
  return low === high ? `steady at ${low}` : `${low} to ${high}`;
}

export interface Curves {
  /** Seconds since 1970. */
  x: number[];
  series: { name: string; values: (number | null)[] }[];
}

/** Several figures over their common times; a time that one of them has no point for is a gap in it. */
export function curves(series: readonly Series[], names: Record<string, string>): Curves {
  const wanted = series.filter(({ name }) => name in names);
  const times = [...new Set(wanted.flatMap(({ points }) => points.map(([at]) => String(at))))].sort();
  return {
    x: times.map((at) => Date.parse(at) / 1000),
    series: wanted.map(({ name, points }) => {
      const known = new Map(points.map(([at, y]) => [String(at), Number(y)]));
      return { name: names[name] ?? name, values: times.map((at) => known.get(at) ?? null) };
    }),
  };
}

/** A curve in a box of 100 × 100, y downwards; 0 is at the bottom, the highest value near the top. */
export function path(values: readonly number[]): string {
  const most = Math.max(...values, Number.MIN_VALUE);
  const step = 100 / Math.max(1, values.length - 1);
  return values.map((y, index) => `${(index * step).toFixed(2)},${(96 - (92 * y) / most).toFixed(2)}`).join(' ');
}
