import { describe, expect, it } from 'vitest';
import { colourOf, PALETTE } from '$/routes/mask/palette';
import { coloured, pooled } from './small';

const grey = (width: number, rows: number[][]) => ({
  width,
  height: rows.length,
  data: Uint8Array.from(rows.flat()),
});

describe('a small mask', () => {
  it('keeps a line that is thinner than its pixels', () => {
    const line = grey(8, [[0, 0, 0, 1, 0, 0, 0, 0], ...Array.from({ length: 7 }, () => [0, 0, 0, 1, 0, 0, 0, 0])]);
    expect(pooled(line, 2)).toEqual(grey(2, [[1, 0], [1, 0]])); // prettier-ignore
  });

  it('covers sides that are no multiple of its pixels', () => {
    const corner = grey(5, [[0, 0, 0, 0, 0], [0, 0, 0, 0, 0], [0, 0, 0, 0, 2]]); // prettier-ignore
    expect(pooled(corner, 3)).toEqual(grey(3, [[0, 0, 0], [0, 0, 2]])); // prettier-ignore
  });

  it('is left as it is where it is small already', () => {
    const tiny = grey(1, [[1]]);
    expect(pooled(tiny, 256)).toBe(tiny);
  });

  it('is drawn in the colour of its class, and not at all where there is none', () => {
    expect([...coloured(grey(2, [[0, 2]]), (value) => colourOf(value - 1), 100)]).toEqual([
      0,
      0,
      0,
      0,
      ...PALETTE[1]!,
      100,
    ]);
  });
});
