/** How a person's mask and the model's can differ at a pixel, in words, by the kind that `compared` gives. */
import { ADDED, REMOVED, RENAMED, SAME } from '../mask/paint';

export const KINDS: readonly (readonly [kind: number, word: string])[] = [
  [ADDED, 'only the person marked'],
  [REMOVED, 'only the model marked'],
  [RENAMED, 'another class'],
  [SAME, 'both marked'],
];
