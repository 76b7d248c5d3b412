import { describe, expect, it } from 'vitest';
import { difference, movedInWords, rows } from './floor';

const NOW = { cat: 10, dog: 5, unknown: 1, trash: 2 };

describe('rows', () => {
  it('keeps the order of the classes, unknown last, and leaves the trash out', () => {
    const found = rows({ now: NOW, counts: { cat: 8, dog: 5, unknown: 3 } }, ['dog', 'cat', 'new']);
    expect(found.map((row) => row.tab)).toEqual(['dog', 'cat', 'new', 'unknown']);
    expect(found.map(difference)).toEqual(['', '−2', '', '+2']);
  });

  it('shows of many tabs those that change, and unknown', () => {
    const classes = Array.from({ length: 40 }, (_, n) => `c${n}`);
    const now = Object.fromEntries(classes.map((name) => [name, 3]));
    expect(rows({ now, counts: { ...now, c7: 1, unknown: 0 } }, classes).map((row) => row.tab)).toEqual([
      'c7',
      'unknown',
    ]);
  });
});

describe('movedInWords', () => {
  it.each([
    [{ unknown: 3 }, 2, '2 pictures would move to unknown.'],
    [{ unknown: 0 }, 1, '1 picture would move from unknown into a class.'],
    [{ unknown: 1 }, 0, 'No picture would move.'],
  ])('says for %j', (counts, moved, said) => {
    expect(movedInWords({ now: NOW, counts, moved })).toBe(said);
  });
});
