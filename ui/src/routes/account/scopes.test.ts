import { describe, expect, it } from 'vitest';
import { example, offered, state } from './scopes';

describe('state', () => {
  const now = Date.parse('2026-01-02T00:00:00Z');
  it.each([
    [{}, 'good'],
    [{ expires_at: '2026-01-03T00:00:00Z' }, 'good'],
    [{ expires_at: '2026-01-01T00:00:00Z' }, 'expired'],
    [{ expires_at: '2026-01-03T00:00:00Z', revoked_at: '2026-01-01T00:00:00Z' }, 'revoked'],
  ] as const)('of %j is %s', (token, said) => {
    expect(state(token, now)).toBe(said);
  });
});

describe('offered', () => {
  it('offers accounts and storage to administrators only', () => {
    expect(offered('reviewer').map(({ scope }) => scope)).not.toContain('administer');
    expect(offered('admin').map(({ scope }) => scope)).toContain('administer');
  });
});

it('writes a command that one can paste', () => {
  expect(example('http://here', 'sl_x')).toBe('curl -H "Authorization: Bearer sl_x" http://here/api/v1/projects');
});
