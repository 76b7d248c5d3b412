import { expect, test } from 'vitest';
import { differing, estimate, figures } from './figures';

test('an undefined figure is no figure', () => {
  expect(estimate({ value: null, low: null, high: null })).toBeNull();
  expect(figures({ n: 0 })).toBeUndefined();
  expect(figures({})).toBeUndefined();
  expect(figures({ n: 3, accuracy: { value: null } })?.values.accuracy).toBeUndefined();
});

test('the rows of classes carry their intervals', () => {
  const row = { class: '<b>', n: 4, precision: 0.5, recall: null, f1: 0.4, intervals: { precision: [0.2, 0.8] } };
  const found = figures({ n: 4, per_class: [row] });
  expect(found?.perClass[0]).toEqual({
    name: '<b>',
    n: 4,
    precision: { value: 0.5, low: 0.2, high: 0.8 },
    recall: null,
    f1: { value: 0.4, low: null, high: null },
  });
});

test('only parameters that differ are listed, missing ones too', () => {
  expect(differing({ lr: 0.1, seed: 0, mean: null }, { lr: 0.2, seed: 0, epochs: 3, mean: null })).toEqual([
    { name: 'epochs', a: '–', b: '3', alone: true },
    { name: 'lr', a: '0.1', b: '0.2', alone: false },
  ]);
});
