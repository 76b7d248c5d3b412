import { describe, expect, it } from 'vitest';
import { progress, target, wrong } from './notices';

const now = Date.parse('2026-11-21T12:00:00Z');
const delivery = {
  target: 'a1',
  url: 'https://example.org/hook',
  tries: 0,
  delivered_at: null,
  next_at: null,
  error: null,
};

describe('a delivery', () => {
  it('waits, tries again, arrives, or is given up', () => {
    const next_at = '2026-11-21T12:00:45Z';
    expect(progress({ ...delivery, next_at }, now).text).toBe('waits');
    expect(progress({ ...delivery, next_at, tries: 2 }, now)).toEqual({ kind: 'warn', text: '2 tries, again in 45 s' });
    expect(progress({ ...delivery, tries: 1, delivered_at: '2026-11-21T11:55:00Z' }, now).text).toBe(
      'delivered 5 min ago',
    );
    expect(progress({ ...delivery, tries: 10 }, now)).toEqual({ kind: 'bad', text: 'given up after 10 tries' });
  });

  it('is named by its host and never by a path that may be secret', () => {
    expect(target(delivery)).toBe('example.org');
    expect(target({ ...delivery, target: 'folder', url: null })).toBe('the folder');
  });
});

describe('an address', () => {
  it('is refused where it is none, is no web address or carries a password', () => {
    expect(wrong('https://example.org/hook')).toBeUndefined();
    expect(wrong('')).toContain('where');
    expect(wrong('example.org')).toContain('no web address');
    expect(wrong('ftp://example.org')).toContain('http');
    expect(wrong('https://ada:word@example.org')).toContain('password');
  });
});
