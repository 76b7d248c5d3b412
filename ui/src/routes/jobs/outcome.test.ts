import { expect, test } from 'vitest';
import { outcome } from './outcome';

test('what came of a job is said by its kind', () => {
  expect(outcome({ kind: 'train', context: { version: 3 } })).toBe('made version 3');
  expect(outcome({ kind: 'rescore', context: { rescored: 1 } })).toBe('1 picture answered');
  expect(outcome({ kind: 'export', context: { count: 12, bytes: 5 } })).toBe('12 pictures');
  expect(outcome({ kind: 'import', context: { import: { pictures: 3 } } })).toBe('the plan is ready');
  expect(outcome({ kind: 'something new', context: {} })).toBe('');
});

test('an evaluation is said by what it measured', () => {
  const one = { value: 0.9, low: null, high: null };
  expect(outcome({ kind: 'evaluate', context: { evaluation: { n: 2, accuracy: one } } })).toBe('90.0 % right');
  expect(outcome({ kind: 'evaluate', context: { evaluation: { n: 2, dice: one } } })).toBe('Dice 0.900');
});
