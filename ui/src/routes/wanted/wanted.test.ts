import { expect, it } from 'vitest';
import { kindName, purpose, unfit } from './wanted';

it('says what a question is and what its answer is for', () => {
  expect(kindName('random')).toBe('drawn at random');
  expect(kindName('shifted')).toBe('most changed');
  expect(kindName('later')).toBe('later');
  expect(purpose({ judges: true })).toBe('judges');
  expect(purpose({ judges: false })).toBe('teaches');
});

it('asks for one to two thousand pictures and no fraction of one', () => {
  expect(unfit(1)).toBeUndefined();
  expect(unfit(2000)).toBeUndefined();
  for (const n of [0, 2001, 1.5, NaN]) expect(unfit(n)).toBe('A whole number from 1 to 2,000.');
});
