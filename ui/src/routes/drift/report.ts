/** What drift reports say, in words. */

export const FAMILIES: Record<string, string> = {
  answers: 'How sure the answers are',
  classes: 'How often each class is answered',
  embedding: 'What the model sees',
  statistics: 'Light, sharpness and size',
  strangers: 'Pictures unlike all known ones',
};

/** A p-value as people say it: "1 in 20", "less than 1 in a million". */
export function chance(p: number): string {
  if (p >= 0.995) return 'certain';
  if (p < 1e-6) return 'less than 1 in a million';
  if (p > 0.2) return `${Math.round(100 * p)} in 100`;
  return `1 in ${Math.round(1 / p).toLocaleString('en')}`;
}
