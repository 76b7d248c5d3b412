/** What another confidence floor would do, as rows to draw and a sentence. */
import type { Schemas } from '$/api/client';
import { NOTHING, SEGMENT, wordsOf } from '$/app/task';
import { counted } from '$/app/words';
import { tabName } from '../library/filters';

export type Preview = Schemas['FloorPreview'];

export interface Row {
  tab: string;
  name: string;
  now: number;
  then: number;
}

const SHOWN = 12;

/** The tabs in the project's order, `unknown` last; of many only those that would change. */
export function rows(
  { now, counts }: Pick<Preview, 'now' | 'counts'>,
  classes: readonly string[],
  task = 'classify',
): Row[] {
  const name = (tab: string) => (tab === NOTHING ? tabName(tab, task) : tab);
  const all = [...wordsOf({ task, classes }), 'unknown'].map((tab) => ({
    tab,
    name: name(tab),
    now: now[tab] ?? 0,
    then: counts[tab] ?? 0,
  }));
  if (task === SEGMENT) return all.filter((row) => row.tab !== 'unknown' || row.now + row.then > 0);
  return all.length <= SHOWN ? all : all.filter((row) => row.now !== row.then || row.tab === 'unknown');
}

/** How much would move, and where to. */
export function movedInWords({ moved, now, counts }: Pick<Preview, 'now' | 'counts' | 'moved'>, task?: string): string {
  if (moved === 0) return 'No picture would move.';
  if (task === SEGMENT) {
    const fewer = (counts[NOTHING] ?? 0) > (now[NOTHING] ?? 0);
    return `${counted(moved, 'picture')} would ${fewer ? 'show nothing any more' : 'show something now'}.`;
  }
  const out = (counts['unknown'] ?? 0) < (now['unknown'] ?? 0);
  return `${counted(moved, 'picture')} would move ${out ? 'from unknown into a class' : 'to unknown'}.`;
}

/** "+3", "−12", "" for none. */
export function difference({ now, then }: Pick<Row, 'now' | 'then'>): string {
  if (then === now) return '';
  return then > now ? `+${then - now}` : `−${now - then}`;
}
