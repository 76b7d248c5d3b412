import { describe, expect, it } from 'vitest';
import { fresh, leftOut, nameOf, onSide, signed } from './snapshots';

describe('a snapshot', () => {
  it('counts a side over its classes, and none where the side is empty', () => {
    const counts = { train: { red: 3, blue: 4 } };
    expect([onSide({ counts }, 'train'), onSide({ counts }, 'test')]).toEqual([7, 0]);
  });

  it('says whose labels were left out, the most first, and nothing where none were', () => {
    expect(leftOut({ held_back: { Ada: 2, Karl: 1200 }, waiting: { Karl: 1 } })).toEqual([
      '1,202 held back: 1,200 of Karl, 2 of Ada',
      '1 waiting for a second opinion: 1 of Karl',
    ]);
    expect(leftOut({ held_back: { Ada: 0 }, waiting: {} })).toEqual([]);
  });

  it('says what its new pictures weigh', () => {
    expect(fresh({ new: { n: 40, share: 0.3, weight: 2.1 } })).toBe('40 (30 % of the weight)');
    expect(fresh({ new: { n: 0, share: 0, weight: 1 } })).toBe('none');
    expect(fresh({ new: null })).toBe('–');
  });

  it('is named by the versions made of it', () => {
    expect(nameOf({ hash: '0123456789abcdef', versions: [] })).toBe('0123456789');
    expect(nameOf({ hash: '0123456789abcdef', versions: [3, 1, 2] })).toBe('0123456789, versions 1, 2 and 3');
    expect(nameOf({ hash: '0123456789abcdef', versions: [4] })).toBe('0123456789, version 4');
  });
});

describe('a change', () => {
  it('always carries its sign', () => {
    expect([signed(1200), signed(-3), signed(0)]).toEqual(['+1,200', '−3', '±0']);
  });
});
