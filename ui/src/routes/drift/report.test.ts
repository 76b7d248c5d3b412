import { expect, it } from 'vitest';
import { chance } from './report';

it('says a p-value as a chance', () => {
  expect(chance(1)).toBe('certain');
  expect(chance(0.5)).toBe('50 in 100');
  expect(chance(0.05)).toBe('1 in 20');
  expect(chance(0.0004)).toBe('1 in 2,500');
  expect(chance(1e-12)).toBe('less than 1 in a million');
});
