import { describe, expect, it } from 'vitest';
import { over, place, ranked, soFar, written, type Axis, type Trial } from './search';

const trial = (number: number, value: number | null, state: Trial['state'] = 'done'): Trial => ({
  number,
  state,
  params: {},
  value,
  seconds: 1,
  epochs: [],
});
const axis = (parts: Partial<Axis>): Axis => ({
  name: 'lr',
  kind: 'float',
  low: 1e-5,
  high: 1e-3,
  log: true,
  choices: null,
  ...parts,
});

describe('the trials of a search', () => {
  it('stand with the best first and the failed last', () => {
    const found = ranked([trial(0, 0.5), trial(1, null, 'failed'), trial(2, 0.9), trial(3, null, 'running')]);
    expect(found.map((one) => one.number)).toEqual([2, 0, 3, 1]);
  });
  it('are over unless they run', () => {
    expect(over([trial(0, 0.5), trial(1, null, 'running'), trial(2, 0.2, 'pruned')])).toBe(2);
  });
  it('never make the best value so far worse', () => {
    expect(soFar([trial(1, 0.4), trial(0, 0.6), trial(2, 0.9)])).toEqual({
      x: [1, 2, 3],
      each: [0.6, 0.4, 0.9],
      best: [0.6, 0.6, 0.9],
    });
  });
});

describe('an axis', () => {
  it('puts the middle of a logarithmic range in the middle', () => {
    expect(place(axis({}), 1e-4)).toBeCloseTo(0.5);
  });
  it('spreads its choices', () => {
    const freeze = axis({ kind: 'choice', low: null, high: null, log: false, choices: ['none', 'a', 'b'] });
    expect(place(freeze, 'a')).toBe(0.5);
    expect(place(freeze, 'other')).toBeNull();
  });
  it('leaves out what a trial has no value of', () => {
    expect(place(axis({}), undefined)).toBeNull();
  });
});

it('writes small rates shortly', () => {
  expect(written(0.000123)).toBe('1.2e-4');
  expect(written(0.30000001)).toBe('0.3');
  expect(written('none')).toBe('none');
});
