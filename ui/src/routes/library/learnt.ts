/** Which versions learnt from pictures that are about to be deleted for good. */
import { api, must } from '$/api/client';
import { count } from '$/app/words';

export interface Lesson {
  version: number;
  live: boolean;
  /** How many of the pictures it learnt from. */
  pictures: number;
}

const AT_ONCE = 1000;

/** The versions that learnt from any of the pictures, the newest first. */
export async function learnt(project: string, ids: readonly string[], signal: AbortSignal): Promise<Lesson[]> {
  const found: Lesson[] = [];
  for (let at = 0; at < ids.length; at += AT_ONCE) {
    const body = { image_ids: ids.slice(at, at + AT_ONCE) };
    const params = { path: { project } };
    const told = await must(api.POST('/api/v1/projects/{project}/lineage', { params, body, signal }));
    found.push(...told.versions);
  }
  return together(found);
}

/** The same versions once, their pictures added up. */
export function together(lessons: readonly Lesson[]): Lesson[] {
  const found = new Map<number, Lesson>();
  for (const one of lessons)
    found.set(one.version, { ...one, pictures: one.pictures + (found.get(one.version)?.pictures ?? 0) });
  return [...found.values()].sort((a, b) => b.version - a.version);
}

/** In words, for `n` pictures that are to be deleted. */
export function told(lessons: readonly Lesson[], n: number): string {
  if (!lessons.length) return n === 1 ? 'No version learnt from it.' : 'No version learnt from them.';
  const names = lessons.map(({ version, live, pictures }) => {
    const share = n === 1 ? '' : pictures === n ? 'all of them' : `${count(pictures)} of them`;
    return `version ${version}${live ? ', which is live,' : ''} learnt from ${share || 'it'}`;
  });
  const text = names.length === 1 ? names[0]! : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}: what was learnt stays in them, and in those that went on from them, until one that was trained from scratch is live.`;
}
