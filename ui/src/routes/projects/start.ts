/** What a new project can begin with. */
import { segments } from '$/app/task';
import { counted, percent } from '$/app/words';
import type { Schemas } from '$/api/client';

export type Recipe = Schemas['RecipeShape'];

/** Choices that are no recipes of the server's: the pictures come from an archive, with their classes or their masks. */
export const ZIP = 'zip';
export const MASKS_ZIP = 'masks-zip';

/** The recipe with which a project begins that is filled from an archive. */
export const RECIPES: Record<string, string> = { [ZIP]: 'blank', [MASKS_ZIP]: 'crack' };

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
  const masks = {
    value: MASKS_ZIP,
    title: 'From a ZIP of images and masks',
    text: 'images/ with masks/ beside it, or COCO or YOLO outlines. For marking where something is, such as cracks.',
  };
  const marking = recipes.some((one) => one.name === RECIPES[MASKS_ZIP]) ? [masks] : [];
  return [...blank, zip, ...marking, ...cards.filter((one) => one.value !== 'blank')];
}

function card({ name, title, task, classes, floor }: Recipe): Start {
  const rest = classes.length - SHOWN;
  const named = classes.slice(0, SHOWN).join(', ') + (rest > 0 ? ` and ${rest} more` : '');
  const about = named ? `${named}.` : 'You name them now, later, or let the first import bring them.';
  if (segments({ task }))
    return {
      value: name,
      title,
      text: `Marks every pixel of a ${classes[0] ?? 'thing'}, measures length and width, and learns from the masks you correct.`,
      note: 'masks',
    };
  return {
    value: name,
    title,
    text: `${about} “Unknown” where less than ${percent(floor, 0)} sure.`,
    note: classes.length ? counted(classes.length, 'class', 'classes') : undefined,
  };
}
