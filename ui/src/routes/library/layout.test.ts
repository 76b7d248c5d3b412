import { describe, expect, it } from 'vitest';
import { drawn, height, layout, place, step } from './layout';

const wide = layout(1000, 16, 'medium', 4);

describe('layout', () => {
  it('fills the width exactly', () => {
    expect(wide.across * (wide.columns - 1) + wide.width).toBeCloseTo(1000);
    expect(wide.width).toBeGreaterThanOrEqual(10.5 * 16);
  });

  it('has three columns on a phone', () => {
    expect(layout(358, 16, 'medium', 4).columns).toBe(3);
  });

  it('is as high as its rows, a last one with a single card included', () => {
    expect(height(wide.columns * 3 + 1, wide)).toBeCloseTo(4 * wide.down);
    expect(height(0, wide)).toBe(0);
  });

  it('draws what the window shows and one row beyond each edge', () => {
    expect(drawn(wide.down * 10, wide.down * 12, 5000, wide)).toEqual([9 * wide.columns, 13 * wide.columns]);
    expect(drawn(0, 10, 3, wide)).toEqual([0, 3]);
    expect(drawn(-500, -100, 5000, wide)[0]).toBe(0);
  });

  it('stands in rows', () => {
    expect(place(wide.columns, wide)).toEqual({ x: 0, y: wide.down });
  });
});

describe('arrow keys', () => {
  it('move by one card or one row', () => {
    expect(step('ArrowRight', 0, 10, 4)).toBe(1);
    expect(step('ArrowDown', 1, 10, 4)).toBe(5);
    expect(step('ArrowUp', 5, 10, 4)).toBe(1);
  });

  it('reach the last card from a row above a short one, and stop at the edges', () => {
    expect(step('ArrowDown', 7, 10, 4)).toBe(9);
    expect(step('ArrowDown', 8, 10, 4)).toBeUndefined();
    expect(step('ArrowUp', 2, 10, 4)).toBeUndefined();
    expect(step('ArrowRight', 9, 10, 4)).toBeUndefined();
    expect(step('a', 1, 10, 4)).toBeUndefined();
  });
});
