import { describe, expect, it } from 'vitest';
import { end, remaining } from './remaining';

const NOW = Date.parse('2026-01-01T00:00:00Z');

describe('the end of a deleted picture', () => {
  it('comes the given days after its deletion', () => {
    expect(end('2026-01-01T12:00:00Z', 30)).toBe('2026-01-31T12:00:00.000Z');
  });

  it('is told in whole days', () => {
    expect(remaining('2026-01-02T06:00:00Z', NOW)).toBe('in 1 day');
    expect(remaining('2026-01-30T23:59:00Z', NOW)).toBe('in 30 days');
    expect(remaining('2026-01-01T23:00:00Z', NOW)).toBe('within a day');
    expect(remaining('2025-12-31T00:00:00Z', NOW)).toBe('any moment now');
  });
});
