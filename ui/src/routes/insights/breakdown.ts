/** Counts of classes cut into parts, ready to be drawn as stacked bars. */

export interface Part {
  name: string;
  n: number;
}
export interface Bar {
  name: string;
  total: number;
  parts: Part[];
}

/** One bar per class, in the order of `classes` with all others after them; parts in the order of `parts`. */
export function bars<T extends { n: number }>(
  rows: readonly T[],
  classOf: (row: T) => string,
  partOf: (row: T) => string,
  classes: readonly string[],
): Bar[] {
  const parts = partNames(rows, partOf);
  const counts = new Map<string, Map<string, number>>();
  for (const row of rows) {
    const mine = counts.get(classOf(row)) ?? new Map<string, number>();
    counts.set(classOf(row), mine.set(partOf(row), (mine.get(partOf(row)) ?? 0) + row.n));
  }
  const others = [...counts.keys()].filter((name) => !classes.includes(name)).sort();
  return [...classes, ...others].map((name) => {
    const found = parts.map((part) => ({ name: part, n: counts.get(name)?.get(part) ?? 0 }));
    return { name, parts: found, total: found.reduce((sum, part) => sum + part.n, 0) };
  });
}

const SIDES = ['train', 'calibration', 'test', 'none'];

/** The parts that occur: sides in their order, anything else by name. */
export function partNames<T>(rows: readonly T[], partOf: (row: T) => string): string[] {
  const place = (name: string) => (SIDES.indexOf(name) + 1 || SIDES.length + 1) - 1;
  return [...new Set(rows.map(partOf))].sort((a, b) => place(a) - place(b) || a.localeCompare(b));
}

/** How strongly a cell of a confusion matrix is filled: its share of its row, 0..1. */
export function shares(confusion: readonly (readonly number[])[]): number[][] {
  return confusion.map((row) => {
    const total = row.reduce((sum, n) => sum + n, 0);
    return row.map((n) => (total ? n / total : 0));
  });
}

export interface Mistake {
  said: string;
  shown: string;
  n: number;
}

/** What is taken for what most often. */
export function mistakes(classes: readonly string[], confusion: readonly (readonly number[])[], most = 5): Mistake[] {
  const found = confusion.flatMap((row, said) =>
    row.map((n, shown) => ({ said: classes[said] ?? '', shown: classes[shown] ?? '', n, right: said === shown })),
  );
  return found
    .filter((one) => !one.right && one.n > 0)
    .sort((a, b) => b.n - a.n)
    .slice(0, most)
    .map(({ said, shown, n }) => ({ said, shown, n }));
}
