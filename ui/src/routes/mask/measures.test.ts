import { expect, test } from 'vitest';
import { direction, length, rows, share, three } from './measures';

const FOUND = {
  area_px: 4321,
  area_share: 0.0031,
  length_px: 1234.56,
  mean_width_px: 3.5,
  max_width_px: 9.04,
  widest: [3, 4] as [number, number],
  pieces: 2,
  orientation_deg: 44.6,
  per_piece: [],
  area_mm2: null,
  length_mm: null,
  mean_width_mm: null,
  max_width_mm: null,
};

test('three figures are written, never more than three decimals', () => {
  expect([0, 0.0123, 0.5, 9.999, 12.34, 123.4, 1234.5].map(three)).toEqual([
    '0',
    '0.012',
    '0.500',
    '10.00',
    '12.3',
    '123',
    '1,235',
  ]);
});

test('without a scale there are no millimetres', () => {
  expect(rows(FOUND).map((row) => row.mm)).toEqual(['', '', '', '', '', '', '']);
  expect(rows({ ...FOUND, length_mm: 98.7654 })[0]).toEqual({ name: 'Length', px: '1,235 px', mm: '98.8 mm' });
  expect(length(50, 12.5)).toBe('4.00 mm');
  expect(length(50, null)).toBe('50.0 px');
});

test('a direction has a word, the same at both ends of the half circle', () => {
  expect([0, 179.6, 45, 90, 135, null].map(direction)).toEqual([
    '0° (across)',
    '0° (across)',
    '45° (rising)',
    '90° (upright)',
    '135° (falling)',
    '–',
  ]);
});

test('a small share keeps two figures', () => {
  expect([0, 0.0004, 0.034, 1].map(share)).toEqual(['0.0 %', '0.04 %', '3.4 %', '100 %']);
});
