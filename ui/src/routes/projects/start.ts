/** What a new project can begin with. */
import { counted, percent } from '$/app/words';
import type { Schemas } from '$/api/client';

export type Recipe = Schemas['RecipeShape'];

/** The choice that is no recipe of the server's: classes and pictures come from an archive. */
export const ZIP = 'zip';

export interface Start {
  value: string;
  title: string;
  text: string;
  note?: string | undefined;
}

const SHOWN = 4;

/** The cards: one's own classes first, then an archive, then the templates. */
export function starts(recipes: readonly Recipe[]): Start[] {
  const cards = recipes.map(card);
  const blank = cards.filter((one) => one.value === 'blank');
  const zip = {
    value: ZIP,
    title: 'From a ZIP of class folders',
    text: 'One folder per class, pictures inside. You see what would be read before anything is imported.',
  };
  return [...blank, zip, ...cards.filter((one) => one.value !== 'blank')];
}

function card({ name, title, classes, floor }: Recipe): Start {
  const rest = classes.length - SHOWN;
  const named = classes.slice(0, SHOWN).join(', ') + (rest > 0 ? ` and ${rest} more` : '');
  const about = named ? `${named}.` : 'You name them now, later, or let the first import bring them.';
  return {
    value: name,
    title,
    text: `${about} “Unknown” where less than ${percent(floor, 0)} sure.`,
    note: classes.length ? counted(classes.length, 'class', 'classes') : undefined,
  };
}
