import { describe, expect, it } from 'vitest';
import { percents, shares, wrongSplit } from './split';

describe('percents', () => {
  it('reads the project’s shares, or the usual ones', () => {
    expect(percents({ ratios: [0.5, 0.3, 0.2] })).toEqual([50, 30, 20]);
    expect(percents({})).toEqual([70, 10, 20]);
  });
});

describe('wrongSplit', () => {
  it.each([
    [[70, 10, 20], undefined],
    [[33.3, 33.3, 33.4], undefined],
    [[70, 10, 30], 'these are 110'],
    [[NaN, 50, 50], 'a number'],
    [[-10, 60, 50], 'a number'],
    [[0, 50, 50], 'nothing can be learnt'],
  ])('judges %j', (given, why) => {
    const found = wrongSplit(given);
    if (why === undefined) expect(found).toBeUndefined();
    else expect(found).toContain(why);
  });
});

describe('shares', () => {
  it.each([[[70, 10, 20]], [[33.3, 33.3, 33.4]], [[80, 20, 0]]])('of %j add up to 1', (given) => {
    const sum = shares(given).reduce((total, one) => total + one, 0);
    expect(Math.abs(sum - 1)).toBeLessThan(1e-6);
  });
});
