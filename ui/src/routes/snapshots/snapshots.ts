/** What versions are made of: frozen lists of labelled pictures, and how two of them differ. */
import type { Schemas } from '$/api/client';
import { count, percent } from '$/app/words';

export type Snapshot = Schemas['SnapshotShape'];
export type Difference = Schemas['SnapshotDiff'];
export type ClassChange = Schemas['ClassChange'];

const sum = (rows: Record<string, number> | undefined) => Object.values(rows ?? {}).reduce((all, n) => all + n, 0);

/** How many pictures of a snapshot stand on a side. */
export function onSide({ counts }: Pick<Snapshot, 'counts'>, side: 'train' | 'calibration' | 'test'): number {
  return sum(counts[side]);
}

/** What was left out and of whose labels, a sentence each: too many of one person, or nobody said the same yet. */
export function leftOut({ held_back: held, waiting }: Pick<Snapshot, 'held_back' | 'waiting'>): string[] {
  return [
    { rows: held, what: 'held back' },
    { rows: waiting, what: 'waiting for a second opinion' },
  ].flatMap(({ rows, what }) => (sum(rows) ? [`${count(sum(rows))} ${what}: ${people(rows)}`] : []));
}

function people(rows: Record<string, number>): string {
  const found = Object.entries(rows).filter(([, n]) => n > 0);
  return found
    .sort((a, b) => b[1] - a[1])
    .map(([name, n]) => `${count(n)} of ${name}`)
    .join(', ');
}

/** The new pictures and what they weigh in the training; empty where nothing is known of it. */
export function fresh({ new: found }: Pick<Snapshot, 'new'>): string {
  if (!found) return '–';
  return found.n ? `${count(found.n)} (${percent(found.share, 0)} of the weight)` : 'none';
}

/** "+12", "−3", "±0". */
export function signed(by: number): string {
  return by > 0 ? `+${count(by)}` : by < 0 ? `−${count(-by)}` : '±0';
}

/** How a list names one: by the versions made of it, else by its hash. */
export function nameOf({ hash, versions }: Pick<Snapshot, 'hash' | 'versions'>): string {
  const short = hash.slice(0, 10);
  if (!versions.length) return short;
  const numbers = [...versions].sort((a, b) => a - b);
  const last = numbers.pop();
  return `${short}, version${numbers.length ? `s ${numbers.join(', ')} and` : ''} ${last}`;
}
