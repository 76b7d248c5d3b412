import { describe, expect, test } from 'vitest';
import { ADDED, compared, packed, REMOVED, RENAMED, SAME, thresholded, values, winners, type Painter } from './paint';
import { Pyramid } from './pyramid';

const RED = [200, 30, 10] as const;
const BLUE = [10, 30, 200] as const;
const whole = { width: 4, height: 2, left: 0, top: 0, step: 1 };

function pyramid(values: number[], width = 4) {
  return new Pyramid(Uint8Array.from(values), { width, height: values.length / width });
}
function drawn(paint: Painter, window = whole): number[] {
  const target = new Uint32Array(window.width * window.height).fill(99);
  paint(target, window);
  return [...target];
}

describe('a threshold', () => {
  const map = pyramid([0, 127, 128, 255, 1, 2, 3, 4]);

  test('takes what is at least as likely', () => {
    expect([...thresholded([map], 0.5)]).toEqual([0, 0, 1, 1, 0, 0, 0, 0]);
    expect([...thresholded([map], 3 / 255)]).toEqual([0, 1, 1, 1, 0, 0, 1, 1]);
  });

  test('is drawn as it is taken', () => {
    const ink = packed(RED);
    expect(drawn(winners([map], 0.5, [RED]))).toEqual([0, 0, ink, ink, 0, 0, 0, 0]);
  });

  test('gives a pixel to the likeliest class, the first of equals, and hides what is switched off', () => {
    const other = pyramid([200, 130, 128, 254, 0, 0, 200, 0]);
    expect([...thresholded([map, other], 0.5)]).toEqual([2, 2, 1, 1, 0, 0, 2, 0]);
    const blue = packed(BLUE);
    expect(drawn(winners([map, other], 0.5, [null, BLUE]))).toEqual([blue, blue, 0, 0, 0, 0, blue, 0]);
  });
});

test('a part of the picture is drawn enlarged, and nothing outside it', () => {
  const look = Uint32Array.from({ length: 256 }, (_, value) => value);
  const window = { width: 4, height: 3, left: 3, top: 0, step: 0.5 };
  expect(drawn(values(pyramid([1, 2, 3, 4, 5, 6, 7, 8]), look), window)).toEqual([4, 4, 0, 0, 4, 4, 0, 0, 8, 8, 0, 0]);
});

test('a line of one pixel is still drawn where a hundred pixels become one', () => {
  const size = { width: 4000, height: 3000 };
  const data = new Uint8Array(size.width * size.height);
  for (let y = 0; y < size.height; y++) data[y * size.width + 1777] = 255;
  const window = { width: 40, height: 30, left: 0, top: 0, step: 100 };
  const found = drawn(winners([new Pyramid(data, size)], 0.5, [RED]), window);
  for (let y = 0; y < 30; y++) expect(found.slice(y * 40, (y + 1) * 40)).toContain(packed(RED));
});

test('a comparison tells what was added, removed, renamed and left', () => {
  const found = compared(Uint8Array.from([0, 1, 1, 0, 2, 1]), Uint8Array.from([0, 1, 0, 1, 1, 1]));
  expect([...found.data]).toEqual([0, SAME, ADDED, REMOVED, RENAMED, SAME]);
  expect(found.dice).toBe((2 * 2) / (4 + 4));
  expect(compared(new Uint8Array(3), new Uint8Array(3)).dice).toBe(1);
});
