/** In which orders pictures can be reviewed. */
import { segments } from '$/app/task';
import type { By } from './queue.svelte';

export interface Order {
  by: By;
  name: string;
  about: string;
}

const UNUSUAL: Order = { by: 'unusual', name: 'Most unusual', about: 'Pictures that look unlike all the others.' };
const DIVERSE: Order = {
  by: 'diverse',
  name: 'Most diverse',
  about: 'A few of everything: each one as different as can be from what is verified.',
};
const WANTED: Order = {
  by: 'wanted',
  name: 'Asked for',
  about: 'Pictures whose label somebody asked for, in an order that tells nothing about them.',
};
const OF_WORDS: Order[] = [
  { by: 'uncertain', name: 'Least sure', about: 'Where the model hesitates most between two classes.' },
  UNUSUAL,
  DIVERSE,
  WANTED,
];
const OF_MASKS: Order[] = [
  { by: 'uncertain', name: 'Least sure', about: 'Where the model expects its mask to fit worst.' },
  UNUSUAL,
  DIVERSE,
  {
    by: 'disagreement',
    name: 'At odds',
    about: 'Where a person’s mask and the model’s overlap least: look which of them is right.',
  },
  WANTED,
];

export function ordersOf(project: { task: string }): readonly Order[] {
  return segments(project) ? OF_MASKS : OF_WORDS;
}
