/** Shares of the three sides, as whole percents that people type. */

export const USUAL = [0.7, 0.1, 0.2]; // the server's own, where nobody chose

/** The project's shares as percents, at most one decimal. */
export function percents(settings: Record<string, unknown>): number[] {
  const given = settings['ratios'];
  const ratios = Array.isArray(given) && given.length === 3 ? given.map(Number) : USUAL;
  return ratios.map((share) => Math.round(share * 1000) / 10);
}

/** Why these percents do not fit, undefined where they do. */
export function wrongSplit(given: readonly number[]): string | undefined {
  if (given.some((one) => !(one >= 0))) return 'Each is a number from 0 to 100.';
  const sum = given.reduce((total, one) => total + one, 0);
  if (Math.abs(sum - 100) > 0.05) return `Together they have to be 100; these are ${Math.round(sum * 10) / 10}.`;
  if (!given[0]) return 'Without pictures that teach nothing can be learnt.';
  return undefined;
}

/** Percents as shares that add up to 1 exactly enough for the server. */
export function shares(given: readonly number[]): number[] {
  const [teach = 0, calibrate = 0] = given;
  return [teach / 100, calibrate / 100, Math.max(0, Math.round(1000 - 10 * (teach + calibrate)) / 1000)];
}
