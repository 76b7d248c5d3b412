import { describe, expect, it } from 'vitest';
import { Problem } from '$/api/problem';
import { byReason, fates, importInWords, named, namedProblem, planInWords, type Plan } from './archive';

const plan = (changes: Partial<Plan>): Plan => ({
  layout: 'classes',
  pictures: 12,
  labelled: 12,
  classes: {},
  new_classes: [],
  closed: false,
  splits: {},
  skipped_count: 0,
  skipped: [],
  ...changes,
});
const SERVERS = '01m7x41gm7eagg2jb4ynwgd0xt.zip';

describe('planInWords', () => {
  it.each([
    [plan({}), '12 pictures in one folder per class; all of them have a label.'],
    [plan({ layout: 'flat', labelled: 0 }), '12 pictures without class folders; none has a label.'],
    [
      plan({ layout: 'table', labelled: 9, splits: { train: { cat: 4, dog: 4 }, test: { cat: 1 } } }),
      '12 pictures with a table that names their classes; 9 have a label. By its own split, 8 teach, 1 judge.',
    ],
    [plan({ layout: 'masks', masks: 9, labelled: 9 }), '12 pictures with their masks beside them; 9 have a mask.'],
  ])('says what is in the ZIP', (given, said) => {
    expect(planInWords(given)).toBe(said);
  });
});

describe('importInWords', () => {
  it.each([
    [plan({}), 'Import 12 pictures'],
    [plan({ pictures: 1, new_classes: ['cat'] }), 'Import 1 picture and add 1 class'],
    [plan({ pictures: 1200, new_classes: ['cat', 'dog'] }), 'Import 1,200 pictures and add 2 classes'],
  ])('says exactly what will happen', (given, said) => {
    expect(importInWords(given)).toBe(said);
  });
});

describe('fates', () => {
  it('accounts for every file', () => {
    expect(fates({ total: 3, stored: 1, duplicate: 1, failed: 1 })).toBe('3 files: 1 stored, 1 duplicate, 1 failed.');
  });
});

describe('byReason', () => {
  it('gathers the files of each reason, the most frequent first, and leaves none out', () => {
    const found = byReason([
      { path: '.a', reason: 'a hidden file.' },
      { path: 'x.txt', reason: 'not a picture.' },
      { path: 'y.txt', reason: 'not a picture.' },
    ]);
    expect(found).toEqual([
      { reason: 'not a picture.', paths: ['x.txt', 'y.txt'] },
      { reason: 'a hidden file.', paths: ['.a'] },
    ]);
  });
});

describe('named', () => {
  it('calls the file as the person does, whatever its name looks like', () => {
    expect(named(`'${SERVERS}' is not a readable ZIP.`, 'my $& birds.zip')).toBe(
      "'my $& birds.zip' is not a readable ZIP.",
    );
    expect(named(`'${SERVERS}' is not a readable ZIP.`)).toBe('the ZIP is not a readable ZIP.');
    expect(named("'class.zip' stays.", 'mine.zip')).toBe("'class.zip' stays.");
  });

  it('leaves the rest of a problem as it was', () => {
    const told = namedProblem(new Problem(422, `'${SERVERS}' is empty.`, 'Send another.', 'Rejected'), 'birds.zip');
    expect(told).toMatchObject({ status: 422, detail: "'birds.zip' is empty.", hint: 'Send another.' });
  });
});
