/** What drift reports say, in words and on a scale. */
import type { Schemas } from '$/api/client';

export const FAMILIES: Record<string, string> = {
  answers: 'How sure the answers are',
  classes: 'How often each class is answered',
  embedding: 'What the model sees',
  statistics: 'Light, sharpness and size',
  strangers: 'Pictures unlike all known ones',
};

const KINDS: Record<Schemas['DriftReport']['kind'], string> = {
  none: 'no change',
  label: 'another mix of classes',
  acquisition: 'taken in another way',
  strangers: 'strange pictures',
  covariate: 'other pictures',
};

const MOST = 8; // powers of ten below which chances are no longer told apart

/** What an alarm is about, in two or three words. */
export function kindName(kind: Schemas['DriftReport']['kind']): string {
  return KINDS[kind];
}

/** A p-value as people say it: "1 in 20", "less than 1 in a million". */
export function chance(p: number): string {
  if (p >= 0.995) return 'certain';
  if (p < 1e-6) return 'less than 1 in a million';
  if (p > 0.2) return `${Math.round(100 * p)} in 100`;
  return `1 in ${Math.round(1 / p).toLocaleString('en')}`;
}

/** How far up the line of checks a p-value stands (0 to 1): the less likely by chance, the higher. */
export function height(p: number): number {
  return Math.min(MOST, -Math.log10(Math.max(p, 1e-300))) / MOST;
}

/** Points [x, y] as they lie in a box of `width` by `height` with a margin, y upwards; all groups share one scale. */
export function placed(
  groups: readonly (readonly (readonly number[])[])[],
  { width, height, margin }: { width: number; height: number; margin: number },
): [number, number][][] {
  const all = groups.flat();
  const [xs, ys] = [0, 1].map((axis) => range(all.map((point) => point[axis] ?? 0)));
  const along = (value: number, { low, span }: Range, size: number) =>
    margin + ((value - low) / span) * (size - 2 * margin);
  return groups.map((points) =>
    points.map(([x = 0, y = 0]) => [along(x, xs!, width), height - along(y, ys!, height)] as [number, number]),
  );
}

interface Range {
  low: number;
  span: number;
}
function range(values: number[]): Range {
  const low = values.reduce((a, b) => Math.min(a, b), Infinity);
  const high = values.reduce((a, b) => Math.max(a, b), -Infinity);
  return { low, span: high - low || 1 };
}
