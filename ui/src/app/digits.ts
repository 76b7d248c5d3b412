/** The keys that stand for classes: "1" the first of the project, "0" the tenth. */
export const DIGITS = '1 2 3 4 5 6 7 8 9 0';

/** The class that a digit stands for. */
export function classOf(digit: string, classes: readonly string[]): string | undefined {
  return classes[(Number(digit) + 9) % 10];
}

/** The digit of the class at a place, counted from 0; the eleventh and later ones have none. */
export function digitOf(index: number): string | undefined {
  return index < 10 ? String((index + 1) % 10) : undefined;
}
