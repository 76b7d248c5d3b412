import { describe, expect, it } from 'vitest';
import { answersOf, rate } from './answers';

describe('when not to answer', () => {
  it('is never where nothing was set', () => {
    expect(answersOf({})).toEqual({ reject_rate: 0, retake: false, region: '', certify: false });
  });
  it('keeps what was set', () => {
    expect(answersOf({ reject_rate: 0.01, retake: true, region: 'eye' })).toMatchObject({
      reject_rate: 0.01,
      region: 'eye',
    });
  });
  it('reads percents and refuses the rest', () => {
    expect(rate('1,5').value).toBe(0.015);
    expect(rate('51').wrong).toBeTruthy();
    expect(rate('').wrong).toBeTruthy();
  });
});
