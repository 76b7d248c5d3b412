/** The settings that say when a model's answer is not shown. */

export interface Answers {
  reject_rate: number;
  retake: boolean;
  region: string;
  certify: boolean;
}

/** Out of a project's free settings. */
export function answersOf(settings: Record<string, unknown>): Answers {
  const held = settings['reject_rate'];
  return {
    reject_rate: typeof held === 'number' ? held : 0,
    retake: settings['retake'] === true,
    region: typeof settings['region'] === 'string' ? settings['region'] : '',
    certify: settings['certify'] === true,
  };
}

/** A share typed as percent, 0 to 50. */
export function rate(text: string): { value?: number; wrong?: string } {
  const number = Number(text.trim().replace(',', '.'));
  if (!text.trim() || !(number >= 0 && number <= 50)) return { wrong: 'A number from 0 to 50.' };
  return { value: +(number / 100).toFixed(6) };
}
