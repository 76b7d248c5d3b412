import { describe, expect, it } from 'vitest';
import { filledBins, missing, promise, saving, shareOf, shares, type Certificate } from './report';

const certificate = (parts: Partial<Certificate>): Certificate =>
  ({ epsilon: 0.02, delta: 0.05, threshold: 0.9, share_fast: 0.6, human: null, reason: null, ...parts }) as Certificate;

describe('a cascade in words', () => {
  it('promises in points and certainty', () => {
    expect(promise(certificate({}))).toContain('at most 2.0 points');
    expect(promise(certificate({}))).toContain('95 % certainty');
  });
  it('gives the reason where it promises nothing', () => {
    expect(promise(certificate({ threshold: null, reason: 'Too few pictures.' }))).toBe('Too few pictures.');
  });
  it('shares all pictures out', () => {
    const human = { threshold: 0.8, epsilon: 0.01, n: 10, k: 0, share: 0.1 };
    const found = shares(certificate({ human }));
    expect(found.map((one) => Math.round(one.share * 100))).toEqual([60, 30, 10]);
  });
  it('says what is saved only where something is', () => {
    expect(saving({ fast_ms: 1, accurate_ms: 10, cascade_ms: 4, saved_share: 0.6 })).toContain('60 % saved');
    expect(saving({ fast_ms: 1, accurate_ms: 10, cascade_ms: 11, saved_share: -0.1 })).toContain('nothing saved');
  });
  it('counts what is missing', () => {
    expect(missing({ certification: 40, needed: 149 })).toContain('109 more');
    expect(missing({ certification: 149, needed: 149 })).toBeUndefined();
  });
  it('begins the picture where the pictures begin', () => {
    const bin = (low: number, n: number) => ({ low, high: low + 0.5, n, wrong: 0, rescued: 0 });
    expect(filledBins([bin(0, 0), bin(0.5, 3)])).toHaveLength(1);
    expect(filledBins([bin(0, 0)])).toEqual([]);
  });
  it('reads percents', () => {
    expect(shareOf('2,5', 0.01, 50)).toBe(0.025);
    expect(shareOf('', 0.01, 50)).toBeUndefined();
    expect(shareOf('80', 0.01, 50)).toBeUndefined();
  });
});
