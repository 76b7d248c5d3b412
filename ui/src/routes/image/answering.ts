/** What is said of a picture that no model has answered, and when an answer is not to be trusted. */
import type { Image } from '$/api/client';
import { percent } from '$/app/words';

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

/** Who answered. */
export const ROUTES: Record<string, string> = {
  single: 'one model',
  fast: 'the fast model, which was sure',
  accurate: 'the accurate model, as the fast one was not sure',
  human: 'neither model was sure enough: for people',
};

interface Told {
  confidence: number;
  off_domain?: number | null;
  figures?: Record<string, unknown> | null | undefined;
}

/** Why an answer is not shown as it is, in a sentence; undefined where it is. */
export function doubt({ confidence, off_domain: strange, figures }: Told, floor: number): string | undefined {
  const reason = figures?.['reason'];
  const advice = figures?.['advice'];
  if (typeof advice === 'string' && advice) return advice;
  if (reason === 'human') return 'Neither model was sure enough, so it is for people to say.';
  if (reason === 'retake') return 'The picture is not good enough to be judged: take it again.';
  if (reason === 'off_domain' || (strange != null && strange >= STRANGE))
    return 'It looks unlike what the model learnt from: do not trust the answer.';
  if (confidence < floor)
    return `Below the project’s confidence floor of ${percent(floor, 0)}, so it is shown as unknown.`;
  return undefined;
}

export interface Replay {
  same: boolean;
  reason: string | null;
  largest_difference: number | null;
}

/** What came of asking again. */
export function replayed({ same, reason, largest_difference: gap }: Replay): string {
  if (same) return 'The same numbers again.';
  return reason ?? `Other numbers, by up to ${gap?.toPrecision(2) ?? 'an unknown amount'}.`;
}
