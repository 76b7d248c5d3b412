import { expect, test } from 'vitest';
import { differing, estimate, figures, headline, meanings } from './figures';

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

const F = (value: number) => ({ value, low: value - 0.1, high: value + 0.1 });
const MASKS = {
  n: 3,
  dice: F(0.8),
  iou_crack: F(0.7),
  iou_mean: F(0.75),
  iou_per_picture: F(0.6),
  f1: F(0.8),
  precision: F(0.9),
  recall: F(0.7),
  threshold: 0.5,
  examples: { worst: [{ image_id: null, name: 'a.jpg', dice: 0.1 }], best: [] },
  per_class: [{ class: 'crack', n: 3, dice: 0.8, iou: 0.7, precision: 0.9, recall: 0.7, f1: 0.8, intervals: {} }],
};

test('figures of masks are headed by their Dice, and every class has its IoU', () => {
  const found = figures(MASKS);
  expect(meanings([found]).map(([, one]) => one.title).slice(0, 3)).toEqual(['Dice', 'IoU of crack', 'Mean IoU']); // prettier-ignore
  expect(headline(found)).toMatchObject({
    text: '0.800 (0.700–0.900)',
    deed: 'marks 3 held-out pictures with a Dice of 0.800 (0.700–0.900)',
  });
  expect(found?.perClass[0]?.iou?.value).toBe(0.7);
  expect(found?.worst).toEqual([{ id: null, name: 'a.jpg', dice: 0.1 }]);
});

test('figures of words are headed by their accuracy, whatever else they hold', () => {
  const found = figures({ n: 2, accuracy: F(0.5), precision: F(0.9) });
  expect(headline(found)).toMatchObject({ title: 'Accuracy', deed: 'answers 50.0 % (40.0–60.0) of 2 held-out pictures right' }); // prettier-ignore
  expect(meanings([undefined, found])[0]?.[0]).toBe('accuracy');
});
