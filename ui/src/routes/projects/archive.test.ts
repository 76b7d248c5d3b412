import { describe, expect, it } from 'vitest';
import { Problem } from '$/api/problem';
import { importInWords, reasons, refusal, type Plan } from './archive';

const plan = (changes: Partial<Plan>): Plan => ({
  layout: 'classes',
  pictures: 12,
  labelled: 12,
  classes: {},
  new_classes: [],
  splits: {},
  sites: 0,
  skipped_count: 0,
  skipped: [],
  ...changes,
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

describe('reasons', () => {
  it('counts the files of each reason, the most frequent first', () => {
    const found = reasons([
      { path: '.a', reason: 'a hidden file.' },
      { path: 'x.txt', reason: 'not a picture.' },
      { path: 'y.txt', reason: 'not a picture.' },
    ]);
    expect(found).toEqual([
      { reason: 'not a picture.', n: 2, example: 'x.txt' },
      { reason: 'a hidden file.', n: 1, example: '.a' },
    ]);
  });
});

describe('refusal', () => {
  it('names the file as the person knows it', () => {
    const told = new Problem(422, "'01m7x41gm7eagg2jb4ynwgd0xt.zip' is not a readable ZIP.", 'Send another.');
    expect(refusal(told, 'my $& birds.zip')).toBe("'my $& birds.zip' is not a readable ZIP. Send another.");
  });
});
