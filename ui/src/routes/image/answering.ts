/** What is said of a picture that no model has answered, and when an answer is not to be trusted. */
import type { Image } from '$/api/client';

/** Farther from the training pictures than this share of held-out ones: it looks unlike them. */
export const STRANGE = 0.99;

/** Why a picture has no answer. */
export function unanswered(image: Pick<Image, 'status' | 'reason'>): string {
  if (image.status === 'pending') return 'The answer is on its way.';
  if (image.status === 'duplicate')
    return 'An exact copy of a picture that is here already: it is not answered a second time.';
  if (image.status === 'unreadable') return image.reason ?? 'The file cannot be read.';
  return 'No model has answered yet. The first one to go live answers every picture that waits.';
}
