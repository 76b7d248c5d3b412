/** What a training is started with: a family, what it begins from, and the parameters somebody changed. */
import type { Schemas } from '$/api/client';

export type Family = Schemas['FamilyShape'];
export type Parameter = Schemas['Parameter'];
export type Params = Record<string, unknown>;
export type Start = 'auto' | 'hub' | 'none';

/** What each family is good for, in plain words; the server's own sentence serves for any other. */
export const WORDS: Record<string, { title: string; text: string; time: string }> = {
  linear: {
    title: 'Quick (linear)',
    text: 'Learns only how to sort what a ready network sees. Good with few pictures, and for a first look.',
    time: 'about half a minute',
  },
  transfer: {
    title: 'Thorough (transfer)',
    text: 'Adapts the network itself to your pictures. Usually better from a hundred pictures per class on.',
    time: 'minutes',
  },
  boosted: {
    title: 'Trees (boosted)',
    text: 'Sorts what a ready network sees with boosted decision trees, which it tunes itself. Good on a thousand pictures and more.',
    time: 'a minute or two',
  },
  attention_unet: {
    title: 'Masks (Attention U-Net)',
    text: 'Learns pixel by pixel from drawn masks, on tiles of the photos at their own resolution.',
    time: 'minutes to an hour',
  },
};

/** Settings that learn from nothing but the project's pictures: small networks, which need no weights. */
export const FROM_SCRATCH: Record<string, Params> = {
  linear: { backbone: 'resnet10t_narrow', weights: 'none', input_size: 96 },
  boosted: { backbone: 'resnet10t_narrow', weights: 'none', input_size: 96 },
  transfer: {
    backbone: 'resnet10t_narrow',
    weights: 'none',
    freeze: 'none',
    input_size: 64,
    epochs: 22,
    lr: 0.003,
    dropout: 0,
    hidden: 128,
    warmup: 0.06,
    label_smoothing: 0.1,
    patience: 0,
  },
};

/** Parameters before anybody changed one: the family's defaults, the live version's, or those for a start from scratch. */
export function base(family: Family, begin: { start?: Start | undefined; like?: Params | undefined }): Params {
  const defaults = Object.fromEntries(family.params.map((one) => [one.name, one.default]));
  const known = ([name]: [string, unknown]) => name in defaults;
  if (begin.like) return { ...defaults, ...Object.fromEntries(Object.entries(begin.like).filter(known)) };
  if (begin.start === 'none') return { ...defaults, weights: 'none', ...FROM_SCRATCH[family.name] };
  return { ...defaults, ...(begin.start ? { weights: begin.start } : {}) };
}

/** What was typed for a parameter as its value, or what is wrong with it. */
export function read(one: Parameter, text: string): { value?: unknown; wrong?: string } {
  const given = text.trim();
  if (one.takes === 'bool') return { value: given === 'true' };
  if (one.takes === 'channels') return readChannels(given);
  if (one.takes === 'choice') {
    const fits =
      one.choices.includes(given) || (one.pattern !== null && new RegExp(`^(?:${one.pattern})$`).test(given));
    return fits ? { value: given } : { wrong: `One of ${one.choices.filter(Boolean).join(', ')}.` };
  }
  if (one.takes === 'text') return given ? { value: given } : { wrong: 'Must not be empty.' };
  const number = Number(given.replace(',', '.'));
  if (!given || !Number.isFinite(number)) return { wrong: 'Must be a number.' };
  if (one.takes === 'int' && !Number.isInteger(number)) return { wrong: 'Must be a whole number.' };
  if ((one.low !== null && number < one.low) || (one.high !== null && number > one.high))
    return { wrong: `Must be within ${one.low} and ${one.high}.` };
  return { value: number };
}

function readChannels(given: string): { value?: unknown; wrong?: string } {
  if (!given) return { value: null };
  const numbers = given.split(/[\s,;]+/).map(Number);
  const fit = (numbers.length === 1 || numbers.length === 3) && numbers.every((one) => one >= 0 && one <= 1);
  return fit
    ? { value: numbers.length === 1 ? numbers[0] : numbers }
    : { wrong: 'One or three numbers within 0 and 1.' };
}

/** A value as it stands in its field. */
export function typed(value: unknown): string {
  if (value === null || value === undefined) return '';
  return Array.isArray(value) ? value.join(', ') : String(value);
}

/** All parameters after what was typed, and what is wrong by name. */
export function filled(
  family: Family,
  from: Params,
  edits: Record<string, string>,
): { params: Params; wrong: Record<string, string> } {
  const params = { ...from };
  const wrong: Record<string, string> = {};
  for (const one of family.params) {
    const text = edits[one.name];
    if (text === undefined) continue;
    const { value, wrong: fault } = read(one, text);
    if (fault) wrong[one.name] = fault;
    else params[one.name] = value;
  }
  return { params, wrong };
}

/** Only what differs from the family's defaults: the shortest that says the same to the server. */
export function sent(family: Family, params: Params): Params {
  const changed = family.params.filter((one) => JSON.stringify(one.default) !== JSON.stringify(params[one.name]));
  return Object.fromEntries(changed.map((one) => [one.name, params[one.name]]));
}

/** Edits out of the address; anything else there is nothing. */
export function editsOf(text: string | null): Record<string, string> {
  try {
    const found: unknown = JSON.parse(text ?? '{}');
    if (found === null || typeof found !== 'object' || Array.isArray(found)) return {};
    return Object.fromEntries(
      Object.entries(found).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
    );
  } catch {
    return {};
  }
}
