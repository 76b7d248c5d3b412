/** What another confidence floor would do, as rows to draw and a sentence. */
import type { Schemas } from '$/api/client';
import { counted } from '$/app/words';

export type Preview = Schemas['FloorPreview'];

export interface Row {
  tab: string;
  now: number;
  then: number;
}

const SHOWN = 12;

/** The tabs in the project's order, `unknown` last; of many only those that would change. */
export function rows({ now, counts }: Pick<Preview, 'now' | 'counts'>, classes: readonly string[]): Row[] {
  const all = [...classes, 'unknown'].map((tab) => ({ tab, now: now[tab] ?? 0, then: counts[tab] ?? 0 }));
  return all.length <= SHOWN ? all : all.filter((row) => row.now !== row.then || row.tab === 'unknown');
}

/** How much would move, and where to. */
export function movedInWords({ moved, now, counts }: Pick<Preview, 'now' | 'counts' | 'moved'>): string {
  if (moved === 0) return 'No picture would move.';
  const out = (counts['unknown'] ?? 0) < (now['unknown'] ?? 0);
  return `${counted(moved, 'picture')} would move ${out ? 'from unknown into a class' : 'to unknown'}.`;
}

/** "+3", "−12", "" for none. */
export function difference({ now, then }: Row): string {
  if (then === now) return '';
  return then > now ? `+${then - now}` : `−${now - then}`;
}
