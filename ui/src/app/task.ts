/** What the tasks of projects are called, and which words a picture can have in each. */

export const SEGMENT = 'segment';
/** The word of a picture without anything marked in it. */
export const NOTHING = 'nothing';

export const TASKS: Record<string, string> = { classify: 'Classification', [SEGMENT]: 'Segmentation' };

interface Tasked {
  task: string;
  classes: readonly string[];
}

/** Whether people say which pixels show something, instead of what the whole picture shows. */
export function segments({ task }: Pick<Tasked, 'task'>): boolean {
  return task === SEGMENT;
}

/** What the library can show a picture as, in the project's order. */
export function wordsOf(project: Tasked): readonly string[] {
  return segments(project) ? [...project.classes, NOTHING] : project.classes;
}

interface Taught {
  new_since_live: number;
  corrected_since_live: number;
}

/** What makes a further training worth it: how many there are since the live version learnt, and what they are. */
export function fresh(project: Pick<Tasked, 'task'>, taught: Taught): { n: number; what: string } {
  return segments(project)
    ? { n: taught.corrected_since_live, what: 'corrected masks' }
    : { n: taught.new_since_live, what: 'new labels' };
}
