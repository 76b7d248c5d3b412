import { describe, expect, it } from 'vitest';
import { heading, stateOf, type RolloutState } from './rollout';

const told = (state: RolloutState, kind: 'watch' | 'shadow' = 'watch') => heading({ state, kind, version: 3 });

describe('the heading', () => {
  it('never calls a shadow a watch', () => {
    expect(told('watching')).toBe('Version 3 is being watched');
    expect(told('watching', 'shadow')).toBe('Version 3 is tried in shadow');
    expect(told('ended', 'shadow')).toBe('The shadow of version 3 was ended');
  });

  it('says that a rollback came by itself', () => {
    expect(told('rolled_back')).toContain('by itself');
  });
});

describe('the badge', () => {
  it('is red only where something was taken back', () => {
    const states: RolloutState[] = ['none', 'watching', 'passed', 'rolled_back', 'ended', 'refused'];
    expect(states.filter((state) => stateOf({ state, kind: 'watch' }).kind === 'bad')).toEqual(['rolled_back']);
  });
});
