import { expect, test } from 'vitest';
import { ago, bytes, count, counted, duration, interval, percent, sureness } from './words';

test('counts have separators and the right noun', () => {
  expect(count(1234567)).toBe('1,234,567');
  expect(counted(1, 'picture')).toBe('1 picture');
  expect(counted(0, 'class', 'classes')).toBe('0 classes');
});

test('shares are percent, and 1 is not 100.0', () => {
  expect(percent(0.9543)).toBe('95.4 %');
  expect(percent(1)).toBe('100 %');
  expect(percent(0, 0)).toBe('0 %');
  expect(percent(0.99999)).toBe('100 %');
});

test('a figure is written with its interval', () => {
  expect(interval({ value: 0.951, low: 0.92, high: 0.978 })).toBe('95.1 % (92.0–97.8)');
  expect(interval({ value: 0.998, low: 0.997, high: 0.999 }, false)).toBe('0.998 (0.997–0.999)');
  expect(interval({ value: 1, low: null, high: null })).toBe('100 %');
  expect(interval(null)).toBe('–');
});

test('sizes take the unit that fits', () => {
  expect(bytes(0)).toBe('0 B');
  expect(bytes(999)).toBe('999 B');
  expect(bytes(1500)).toBe('1.5 KB');
  expect(bytes(198_000_000)).toBe('198 MB');
});

test('durations are said as people say them', () => {
  expect(duration(0.0412)).toBe('41 ms');
  expect(duration(3.21)).toBe('3.2 s');
  expect(duration(59.7)).toBe('1 min');
  expect(duration(75)).toBe('1 min 15 s');
  expect(duration(3720)).toBe('1 h 2 min');
});

test('times are told from now', () => {
  const now = Date.parse('2026-01-02T12:00:00Z');
  expect(ago('2026-01-02T11:59:30Z', now)).toBe('just now');
  expect(ago('2026-01-02T11:55:00Z', now)).toBe('5 min ago');
  expect(ago('2026-01-02T09:00:00Z', now)).toBe('3 h ago');
  expect(ago('2026-01-01T10:00:00Z', now)).toBe('1 day ago');
});

test('a confidence says how often it is right', () => {
  expect(sureness(0.93)).toContain('93 times of 100');
  expect(sureness(0.3)).toContain('guessing');
});
