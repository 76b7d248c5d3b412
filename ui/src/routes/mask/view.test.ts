import { expect, test } from 'vitest';
import { fitted, held, View, zoomed } from './view.svelte';

const frame = { width: 800, height: 600 };
const picture = { width: 6000, height: 3000 };

test('a large picture is shown whole and in the middle', () => {
  expect(fitted(frame, picture)).toEqual({ scale: 800 / 6000, x: 0, y: 100 });
});

test('a tiny picture is enlarged, not without end', () => {
  expect(fitted(frame, { width: 10, height: 10 }).scale).toBe(8);
});

test('the place under the pointer stays there', () => {
  const point = { x: 300, y: 280 };
  const before = fitted(frame, picture);
  const after = zoomed(before, 4, point, frame, picture);
  const place = (stand: typeof before) => [(point.x - stand.x) / stand.scale, (point.y - stand.y) / stand.scale];
  place(after).forEach((value, at) => expect(value).toBeCloseTo(place(before)[at]!, 6));
});

test('no drag leaves the frame empty', () => {
  for (const far of [-99_999, 99_999]) {
    const { x, y } = held({ scale: 1, x: far, y: far }, frame, picture);
    expect([x <= 0 && x + 6000 >= 800, y <= 0 && y + 3000 >= 600]).toEqual([true, true]);
  }
});

test('a view that is fitted stays so when the frame changes, and one to one is one to one', () => {
  const view = new View(() => picture);
  view.frame = frame;
  expect(view.stand.scale).toBe(800 / 6000);
  view.frame = { width: 1200, height: 600 };
  expect(view.stand.scale).toBe(0.2);
  view.exact();
  expect(view.stand.scale).toBeCloseTo(1, 9);
  view.zoom(0.001);
  expect(view.near).toBe(false);
});
