/** Labels that somebody is asked for: how many, of which kind, and what has been answered. */
import { api, must, type Schemas } from '$/api/client';
import { count } from '$/app/words';

export type Wanted = Schemas['Wanted'];

/** The most that can be asked for at once. */
export const MOST = 2000;
const KINDS: Record<string, string> = { random: 'drawn at random', shifted: 'most changed' };

const PATH = '/api/v1/projects/{project}/wanted';

export function asked(project: string, options: { limit?: number; signal?: AbortSignal } = {}): Promise<Wanted> {
  const { limit, signal } = options;
  return must(api.GET(PATH, { params: { path: { project }, query: { limit } }, signal }));
}

/** Ask for `random` further pictures, drawn at random. */
export function ask(project: string, random: number): Promise<Wanted> {
  return must(api.POST(PATH, { params: { path: { project } }, body: { random } }));
}

/** Take back the questions that nobody has answered. */
export function withdraw(project: string): Promise<Schemas['Withdrawn']> {
  return must(api.DELETE(PATH, { params: { path: { project } } }));
}

/** "drawn at random", "most changed". */
export function kindName(kind: string): string {
  return KINDS[kind] ?? kind;
}

/** What an answer is for: those that judge are never learnt from. */
export function purpose(one: { judges: boolean }): string {
  return one.judges ? 'judges' : 'teaches';
}

/** Why so many cannot be asked for; undefined where they can. */
export function unfit(n: number): string | undefined {
  return Number.isInteger(n) && n >= 1 && n <= MOST
    ? undefined
    : `A whole number from 1 to ${MOST.toLocaleString('en')}.`;
}

/** How many answered judges the gate counts for the live version, and how far that is from enough (0 to 1). */
export function judging(found: Pick<Wanted, 'random' | 'enough_for_recent'>): { n: number; share: number } {
  const n = found.random.judging_recent;
  return { n, share: Math.min(1, n / found.enough_for_recent) };
}

/** Why nothing stands in the list of open or answered questions, which is cut and has the open ones first. */
export function none(show: string, found: { answered: number; items: readonly unknown[] }): string {
  if (show === 'open') return 'Every question is answered.';
  if (found.answered === 0) return 'Nobody has answered yet: press “Label them”.';
  const [all, first] = [count(found.answered), count(found.items.length)];
  return `The ${all} answered ones are not among the first ${first} shown here: open ones come first.`;
}
