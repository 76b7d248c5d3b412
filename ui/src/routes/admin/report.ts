/** What a check of the stored things found, in words. */
import type { Job } from '$/api/client';
import { count } from '$/app/words';

export interface Finding {
  kind: string;
  count: number;
  examples: string[];
  repaired: boolean;
}

export interface Report {
  ok: boolean;
  findings: Finding[];
  images: number;
  blobs: number;
  seconds: number;
}

interface Words {
  one: string;
  many: string;
  /** What a repair does, or what somebody has to do. */
  remedy: string;
  /** No repair brings it back. */
  alarm?: true;
}

const WORDS: Record<string, Words> = {
  stale_temp_file: {
    one: 'unfinished upload that nobody needs',
    many: 'unfinished uploads that nobody needs',
    remedy: 'A repair removes them.',
  },
  row_without_blob: {
    one: 'entry whose file is gone',
    many: 'entries whose files are gone',
    remedy: 'Only a backup brings them back.',
    alarm: true,
  },
  blob_without_row: {
    one: 'stored file that nothing refers to',
    many: 'stored files that nothing refers to',
    remedy: 'A repair removes those older than a day.',
  },
  tallies_differ: {
    one: 'project whose counts are wrong',
    many: 'projects whose counts are wrong',
    remedy: 'A repair counts anew.',
  },
  picture_without_link: {
    one: 'picture missing from the class folders',
    many: 'pictures missing from the class folders',
    remedy: 'A repair puts them back.',
  },
  link_without_picture: {
    one: 'file in the class folders without a picture',
    many: 'files in the class folders without a picture',
    remedy: 'A repair removes them; the pictures themselves are elsewhere.',
  },
  damaged_blob: {
    one: 'stored file whose content has changed',
    many: 'stored files whose content has changed',
    remedy: 'Only a backup brings them back.',
    alarm: true,
  },
};

export interface Told {
  said: string;
  remedy: string;
  kind: 'good' | 'warn' | 'bad';
  state: string;
}

/** A finding as a sentence, what helps, and how bad it is. */
export function tell({ kind, count: n, repaired }: Finding): Told {
  const words = WORDS[kind] ?? { one: kind, many: kind, remedy: '' };
  const said = `${count(n)} ${n === 1 ? words.one : words.many}`;
  if (repaired) return { said, remedy: '', kind: 'good', state: 'repaired' };
  if (words.alarm) return { said, remedy: words.remedy, kind: 'bad', state: 'alarm' };
  return { said, remedy: words.remedy, kind: 'warn', state: 'can be repaired' };
}

/** Whether a repair would help against anything in the report. */
export function repairable({ findings }: Report): boolean {
  return findings.some((finding) => !finding.repaired && !WORDS[finding.kind]?.alarm);
}

/** The report of a finished check, undefined before. */
export function reportOf(job: Pick<Job, 'context'>): Report | undefined {
  return job.context['report'] as Report | undefined;
}
