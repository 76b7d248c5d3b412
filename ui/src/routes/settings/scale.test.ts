import { describe, expect, it } from 'vitest';
import { heldScale, scale } from './scale';

describe('a scale', () => {
  it.each([
    ['12.5', { value: 12.5 }],
    [' 12,5 ', { value: 12.5 }],
    ['', { value: null }],
  ])('is read from %j', (text, found) => {
    expect(scale(text)).toEqual(found);
  });

  it.each(['0', '-3', 'ten', 'Infinity'])('is not %j', (text) => {
    expect(scale(text).wrong).toContain('above 0');
  });

  it('is none where nobody gave one', () => {
    expect(heldScale({})).toBeNull();
    expect(heldScale({ px_per_mm: 4 })).toBe(4);
  });
});
