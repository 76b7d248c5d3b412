import { expect, test } from 'vitest';
import { Pyramid } from './pyramid';

const SIZE = { width: 1001, height: 700 };

test('a single pixel is seen on every level', () => {
  const data = new Uint8Array(SIZE.width * SIZE.height);
  data[699 * SIZE.width + 1000] = 7;
  const { levels } = new Pyramid(data, SIZE);
  expect(levels.slice(0, 3).map(({ width, height }) => [width, height])).toEqual([
    [1001, 700],
    [501, 350],
    [251, 175],
  ]);
  for (const level of levels) expect(level.data.at(-1)).toBe(7);
});

test('what changed in a box is taken over as if all had been made anew', () => {
  const data = new Uint8Array(SIZE.width * SIZE.height).fill(1);
  const grown = new Pyramid(data, SIZE);
  const box = { left: 333, top: 111, right: 420, bottom: 402 };
  for (let y = box.top; y < box.bottom; y++) data.fill(y % 5, y * SIZE.width + box.left, y * SIZE.width + box.right);
  grown.refresh(box);
  const anew = new Pyramid(data, SIZE);
  grown.levels.forEach((level, at) => expect(Buffer.compare(level.data, anew.levels[at]!.data)).toBe(0));
});

test('the level is never finer than what is drawn', () => {
  const pyramid = new Pyramid(new Uint8Array(SIZE.width * SIZE.height), SIZE);
  expect([0.2, 1, 1.01, 2, 3.9, 1e6].map((step) => pyramid.rank(step))).toEqual([0, 0, 1, 1, 2, 6]);
});
