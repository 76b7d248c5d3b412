/** How a project and its classes may be called, as the server has it. */

const LONGEST_NAME = 63;
const LONGEST_CLASS = 100;
const MOST_CLASSES = 1000;
/** Letters that are more than a base letter and a mark. */
const PLAIN: Record<string, string> = { ß: 'ss', æ: 'ae', œ: 'oe', ø: 'o', đ: 'd', ð: 'd', ł: 'l', þ: 'th', ı: 'i' };

/** A project's place in addresses, made from its title: "Käfer & Co." → "kafer-co"; '' where no letter fits. */
export function slug(title: string): string {
  return title
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[ßæœøđðłþı]/g, (letter) => PLAIN[letter] ?? '')
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+/, '')
    .slice(0, LONGEST_NAME)
    .replace(/-+$/, '');
}

/** Why this name does not fit, undefined where it does. */
export function wrongName(name: string, taken: readonly string[] = []): string | undefined {
  if (name === '') return 'Give it a name: it becomes part of addresses.';
  if (taken.includes(name)) return `There is a project ${name} already.`;
  if (name.length > LONGEST_NAME) return `At most ${LONGEST_NAME} characters; these are ${name.length}.`;
  if (!/^[a-z0-9]/.test(name)) return 'Begin with a letter a–z or a digit.';
  const strange = /[^a-z0-9-]/.exec(name)?.[0];
  if (strange !== undefined) return `Only a–z, 0–9 and dashes; not “${strange}”.`;
  return undefined;
}

export interface Typed {
  names: string[];
  /** What was left out, each as a sentence. */
  refused: string[];
}

/** Class names out of what was typed or pasted: one per line, or between commas, semicolons or tabs. */
export function classNames(text: string, known: readonly string[] = []): Typed {
  const seen = new Set(known.map(folded));
  const found: Typed = { names: [], refused: [] };
  for (const part of text.split(/[\n\r,;\t]+/)) {
    const name = part.trim().normalize('NFC');
    if (name === '') continue;
    const wrong = wrongClass(name, seen, known.length + found.names.length);
    if (wrong) found.refused.push(wrong);
    else {
      seen.add(folded(name));
      found.names.push(name);
    }
  }
  return found;
}

function wrongClass(name: string, seen: ReadonlySet<string>, already: number): string | undefined {
  if (folded(name) === 'unknown') return '“unknown” is kept for pictures that the model is not sure of.';
  if (seen.has(folded(name))) return `“${name}” is there already.`;
  if ([...name].length > LONGEST_CLASS) return `“${name.slice(0, 20)}…” is longer than ${LONGEST_CLASS} characters.`;
  if (/\p{C}/u.test(name)) return `“${name.replace(/\p{C}/gu, '·')}” holds characters that cannot be shown.`;
  if (already >= MOST_CLASSES) return `“${name}” is one too many: at most ${MOST_CLASSES} classes.`;
  return undefined;
}

function folded(name: string): string {
  return name.toLowerCase();
}
