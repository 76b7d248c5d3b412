import { expect, test } from 'vitest';
import { curves, together, type Point } from './curves';

const one: Point[] = [
  { step: 1, figures: { loss: 2, calibration_loss: 3, lr: 0.1 } },
  { step: 2, figures: { loss: 1, calibration_loss: null } },
];

test('what was never measured has no line', () => {
  const found = curves(one);
  expect(found.loss.map((line) => line.values)).toEqual([
    [2, 1],
    [3, null],
  ]);
  expect(found.accuracy).toEqual([]);
});

test('two runs share their steps, and the shorter one ends in gaps', () => {
  const both = together(curves(one, 'v1'), curves([{ step: 3, figures: { loss: 0.5 } }], 'v2'));
  expect(both.steps).toEqual([1, 2, 3]);
  expect(both.loss.map((line) => [line.name, line.values])).toEqual([
    ['v1: pictures that teach', [2, 1, null]],
    ['v1: pictures that calibrate', [3, null, null]],
    ['v2: pictures that teach', [null, null, 0.5]],
  ]);
});

test('a model of masks has a Dice and no accuracy', () => {
  const found = curves([{ step: 1, figures: { loss: 1, dice: 0.4 } }]);
  expect(found.dice.map((line) => line.values)).toEqual([[0.4]]);
  expect(found.accuracy).toEqual([]);
});
