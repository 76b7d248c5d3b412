import { describe, expect, it } from 'vitest';
import { measure, metres, ordered, orderOf, size, type Row } from './rows';

const row = (name: string, parts: Partial<Row> = {}): Row =>
  ({
    name,
    area_px: 9,
    area_share: 0.1,
    length_px: 10,
    length_mm: null,
    max_width_px: 2,
    max_width_mm: null,
    ...parts,
  }) as Row;
const names = (rows: readonly Row[]) => rows.map((one) => one.name).join(' ');

describe('a report', () => {
  it('is ordered by name as people count, unless the address says otherwise', () => {
    expect(names(ordered([row('10.jpg'), row('9.jpg')], orderOf(null), 'px'))).toBe('9.jpg 10.jpg');
    expect(orderOf('sideways')).toBe('name');
  });

  it('puts the longest first, and what was never measured last', () => {
    const rows = [row('none', { length_px: null }), row('short', { length_px: 1 }), row('long', { length_px: 99 })];
    expect(names(ordered(rows, 'length', 'px'))).toBe('long short none');
  });

  it('is in millimetres only where the picture has a scale', () => {
    expect(size(row('a', { length_px: 120, length_mm: 12 }), 'length', 'mm')).toBe('12');
    expect(size(row('a'), 'length', 'mm')).toBe('–');
    expect(size(row('a', { area_px: 0, length_px: 0 }), 'length', 'px')).toBe('–');
  });

  it('writes what matters of a figure', () => {
    expect([1234.5, 100, 12.34, 0.456, 4].map(measure)).toEqual(['1,235', '100', '12.3', '0.46', '4']);
    expect([12.34, 1234].map(metres)).toEqual(['12.3 mm', '1.23 m']);
  });
});
