import { expect, it } from 'vitest';
import { chance, height, placed } from './report';

it('says a p-value as a chance', () => {
  expect(chance(1)).toBe('certain');
  expect(chance(0.5)).toBe('50 in 100');
  expect(chance(0.05)).toBe('1 in 20');
  expect(chance(0.0004)).toBe('1 in 2,500');
  expect(chance(1e-12)).toBe('less than 1 in a million');
});

it('puts a check the higher the less likely it is by chance, and never above the top', () => {
  expect(height(1)).toBeCloseTo(0);
  expect(height(0.01)).toBeCloseTo(0.25);
  expect(height(0)).toBe(1);
});

it('puts points of all groups on one scale inside the margin, the higher ones further up', () => {
  const box = { width: 100, height: 50, margin: 5 };
  const [before, after] = placed([[[0, 0]], [[2, 1], [1, 0.5]]], box); // prettier-ignore
  expect(before).toEqual([[5, 45]]);
  expect(after).toEqual([
    [95, 5],
    [50, 25],
  ]);
  expect(placed([[[3, 3]], []], box)[0]).toEqual([[5, 45]]);
});
