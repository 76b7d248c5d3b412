import { expect, test } from 'vitest';
import { FITTED, MOST, moved, zoomed } from './zoom';

const frame = { width: 800, height: 600 };

test('the point under the pointer stays where it is', () => {
  const point = { x: 200, y: 450 };
  const stand = zoomed(FITTED, 2, point, frame);
  const place = { x: (point.x - stand.x) / stand.scale, y: (point.y - stand.y) / stand.scale };
  expect(place).toEqual(point);
});

test('zooming out ends where the picture fits', () => {
  const near = zoomed(FITTED, 3, { x: 10, y: 10 }, frame);
  expect(zoomed(near, 0.01, { x: 700, y: 20 }, frame)).toEqual(FITTED);
});

test('zooming in ends somewhere', () => {
  expect(zoomed(FITTED, 1000, { x: 0, y: 0 }, frame).scale).toBe(MOST);
});

test('the frame is never left empty, however far one drags', () => {
  const near = zoomed(FITTED, 4, { x: 400, y: 300 }, frame);
  for (const [dx, dy] of [
    [9999, 9999],
    [-9999, -9999],
    [50, -9999],
  ] as const) {
    const { scale, x, y } = moved(near, dx, dy, frame);
    expect(x).toBeLessThanOrEqual(0);
    expect(y).toBeLessThanOrEqual(0);
    expect(x + frame.width * scale).toBeGreaterThanOrEqual(frame.width);
    expect(y + frame.height * scale).toBeGreaterThanOrEqual(frame.height);
  }
});
