/** The scale of a project: pixels per millimetre as people type it. */

/** The scale that holds, null where there is none. */
export function heldScale(settings: Record<string, unknown>): number | null {
  const held = settings['px_per_mm'];
  return typeof held === 'number' ? held : null;
}

/** What was typed as a scale, null for none, or what is wrong with it. */
export function scale(text: string): { value: number | null; wrong?: string } {
  const given = text.trim().replace(',', '.');
  if (!given) return { value: null };
  const value = Number(given);
  return value > 0 && Number.isFinite(value)
    ? { value }
    : { value: null, wrong: 'A number above 0, for example 12.5.' };
}
