/** What the server says of a ZIP: what importing it would do, what it did, and both in words. */
import { Problem } from '$/api/problem';
import { count, counted } from '$/app/words';

/** A file with what keeps it from being taken, or what else is to be said of it. */
export interface Noted {
  path: string;
  reason: string;
}

/** What importing a ZIP would do, from its names alone. */
export interface Plan {
  layout: string;
  pictures: number;
  labelled: number;
  classes: Record<string, number>;
  new_classes: string[];
  /** The project has classes already, so new ones must be agreed to. */
  closed: boolean;
  splits: Record<string, Record<string, number>>;
  /** The files that are named may be fewer. */
  skipped_count: number;
  skipped: Noted[];
  /** Of a data set of masks: how many there are, and what is to be said of pictures without one. */
  masks?: number;
  classes_note?: string;
  notes_count?: number;
  notes?: Noted[];
}

export interface Fates {
  total: number;
  stored: number;
  duplicate: number;
  failed: number;
}

/** What an import did. */
export interface Report extends Fates {
  classes: Record<string, number>;
  failures: Noted[];
  skipped_count: number;
  skipped: Noted[];
  /** Of a data set of masks: how many were taken, and how those that were not plain were read. */
  masks?: number;
  notes_count?: number;
  notes?: Noted[];
  at_odds: { path: string; given: string; stands: string | null }[];
  leaks: { held_out: Record<string, { pictures: number; exact_or_near: number }> } | null;
}

const LAYOUTS: Record<string, string> = {
  classes: 'in one folder per class',
  splits: 'in folders for training and testing with one folder per class inside',
  table: 'with a table that names their classes',
  flat: 'without class folders',
  masks: 'with their masks beside them',
  coco: 'with the outlines of a COCO file',
  yolo: 'with YOLO outlines',
};
const SIDES: Record<string, string> = { train: 'teach', calibration: 'calibrate', test: 'judge', none: 'do neither' };

/** "12 pictures in one folder per class; all of them have a label. By its own split, 8 teach, 4 judge." */
export function planInWords({ layout, pictures, labelled, splits, masks }: Plan): string {
  const word = masks === undefined ? 'label' : 'mask';
  const labels =
    labelled === 0
      ? `none has a ${word}`
      : labelled === pictures
        ? `all of them have a ${word}`
        : `${count(labelled)} have a ${word}`;
  const sides = Object.entries(splits).map(([side, classes]) => `${count(sum(classes))} ${SIDES[side] ?? side}`);
  const split = sides.length ? ` By its own split, ${sides.join(', ')}.` : '';
  return `${counted(pictures, 'picture')} ${LAYOUTS[layout] ?? `in the layout ${layout}`}; ${labels}.${split}`;
}

/** What one presses: "Import 120 pictures and add 3 classes". */
export function importInWords({ pictures, new_classes: fresh }: Plan): string {
  const adding = fresh.length ? ` and add ${counted(fresh.length, 'class', 'classes')}` : '';
  return `Import ${counted(pictures, 'picture')}${adding}`;
}

/** What an import did with its files, in one sentence. */
export function fates(found: Fates): string {
  return (
    `${counted(found.total, 'file')}: ${count(found.stored)} stored, ` +
    `${counted(found.duplicate, 'duplicate')}, ${count(found.failed)} failed.`
  );
}

/** Files by what is said of them, the most frequent first. */
export function byReason(files: readonly Noted[]): { reason: string; paths: string[] }[] {
  const found = new Map<string, string[]>();
  for (const { path, reason } of files) {
    const paths = found.get(reason);
    if (paths) paths.push(path);
    else found.set(reason, [path]);
  }
  return [...found].map(([reason, paths]) => ({ reason, paths })).sort((a, b) => b.paths.length - a.paths.length);
}

/** The server knows a ZIP only under a name of its own: this puts in the one that people gave it. */
export function named(said: string, file?: string): string {
  return said.replace(/'?\b[0-9a-z]{26}\.zip\b'?/g, () => (file === undefined ? 'the ZIP' : `'${file}'`));
}

/** As `named`, for all that a Problem says. */
export function namedProblem({ status, detail, hint, title }: Problem, file?: string): Problem {
  return new Problem(status, named(detail, file), named(hint, file), title);
}

function sum(counts: Record<string, number>): number {
  return Object.values(counts).reduce((total, n) => total + n, 0);
}
