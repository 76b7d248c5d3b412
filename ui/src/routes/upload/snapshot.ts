/** What the page shows of a queue at one moment, as plain values. */
import type { Problem } from '$/api/problem';
import { bytes, count, counted, duration } from '$/app/words';
import type { Queue } from './queue';
import type { Counts, Row } from './rows';

export interface Snapshot {
  counts: Counts;
  place: Queue['place'];
  paused: boolean;
  trouble: Problem | undefined;
  resumed: number;
  full: boolean;
  /** "1.2 MB of 3 MB, 4 MB a second, 10 s left" while something is on its way. */
  pace: string;
  /** What the library shows the stored pictures as, with how many each, the most frequent first. */
  answers: [string, number][];
}

export function snapshot(queue: Queue, now = Date.now()): Snapshot {
  const { place, paused, trouble, resumed, full } = queue;
  return {
    counts: { ...queue.counts },
    place,
    paused,
    trouble,
    resumed,
    full,
    pace: pace(queue, now),
    answers: answers(queue.rows),
  };
}

function pace(queue: Queue, now: number): string {
  const { bytes: all, sent } = queue.counts;
  const told = `${bytes(sent)} of ${bytes(all)}`;
  const seconds = ((queue.ended || now) - queue.began) / 1000;
  const rate = (sent - queue.base) / seconds;
  if (queue.ended || queue.paused || seconds < 2 || rate <= 0) return told;
  return `${told}, ${bytes(rate)} a second, ${duration(Math.max(1, (all - sent) / rate))} left`;
}

/** As the library's tabs: a class, `unknown`, or what keeps a picture from having one. */
export function tabOf(row: Row): string | undefined {
  if (row.state !== 'stored' || row.status === undefined) return undefined;
  if (row.status === 'unreadable' || row.status === 'duplicate') return row.status;
  return row.shown ?? (row.status === 'pending' ? 'pending' : 'unlabelled');
}

function answers(rows: readonly Row[]): [string, number][] {
  const found = new Map<string, number>();
  for (const row of rows) {
    const tab = tabOf(row);
    if (tab) found.set(tab, (found.get(tab) ?? 0) + 1);
  }
  return [...found].sort((a, b) => b[1] - a[1]);
}

/** What an upload is doing, in a few words. */
export function headline({ counts, place, paused, trouble }: Snapshot): string {
  const { total, open, failed } = counts;
  if (open === 0)
    return failed === 0
      ? `All ${counted(total, 'file')} are here`
      : `${count(total - failed)} of ${counted(total, 'file')} are here`;
  if (paused) return 'Paused';
  if (place === 'others') return 'Another tab of this browser is uploading';
  if (trouble) return 'Waiting to try again';
  return `Uploading ${counted(total, 'file')}`;
}

export type Shown = 'all' | 'open' | 'stored' | 'duplicate' | 'failed';

export function chosenRows(rows: readonly Row[], shown: Shown): readonly Row[] {
  if (shown === 'all') return rows;
  if (shown === 'open') return rows.filter((row) => !['stored', 'duplicate', 'failed'].includes(row.state));
  return rows.filter((row) => row.state === shown);
}

/** The state of a row in a word or two. */
export const STATES: Record<Row['state'], string> = {
  waiting: 'Waiting',
  reading: 'Reading',
  read: 'Checking',
  asked: 'Checking',
  ready: 'Waiting',
  sending: 'Sending',
  stored: 'Stored',
  duplicate: 'Duplicate',
  failed: 'Failed',
};
