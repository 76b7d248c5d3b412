import { expect, test } from 'vitest';
import { base, editsOf, filled, read, sent, typed, type Family, type Parameter } from './settings';

const rule = (more: Partial<Parameter> & Pick<Parameter, 'name' | 'takes'>): Parameter => ({
  about: '',
  default: null,
  low: null,
  high: null,
  choices: [],
  pattern: null,
  ...more,
});
const epochs = rule({ name: 'epochs', takes: 'int', default: 10, low: 1, high: 1000 });
const freeze = rule({
  name: 'freeze',
  takes: 'choice',
  default: 'none',
  choices: ['none', 'head_only'],
  pattern: 'last_([1-9][0-9]?)_blocks',
});
const mean = rule({ name: 'mean', takes: 'channels' });
const weights = rule({ name: 'weights', takes: 'text', default: 'auto' });
const family: Family = {
  name: 'transfer',
  task: 'classify',
  about: '',
  missing_weights: null,
  params: [epochs, freeze, mean, weights],
};

test('numbers stay within their range and whole where they must be', () => {
  expect(read(epochs, ' 3 ')).toEqual({ value: 3 });
  expect(read(epochs, '0').wrong).toContain('within 1 and 1000');
  expect(read(epochs, '2.5').wrong).toContain('whole');
  expect(read(epochs, '').wrong).toContain('number');
});

test('a choice also takes what its pattern matches, and nothing around it', () => {
  expect(read(freeze, 'last_2_blocks')).toEqual({ value: 'last_2_blocks' });
  expect(read(freeze, 'xlast_2_blocks').wrong).toBeTruthy();
});

test('channels are nothing, one number or three', () => {
  expect(read(mean, '')).toEqual({ value: null });
  expect(read(mean, '0.5')).toEqual({ value: 0.5 });
  expect(read(mean, '0.5, 0.5 0.4')).toEqual({ value: [0.5, 0.5, 0.4] });
  expect(read(mean, '0.5 0.5').wrong).toBeTruthy();
  expect(typed([0.5, 0.4])).toBe('0.5, 0.4');
});

test('only what differs from the defaults is sent', () => {
  const { params, wrong } = filled(family, base(family, {}), { epochs: '10', freeze: 'head_only' });
  expect(wrong).toEqual({});
  expect(sent(family, params)).toEqual({ freeze: 'head_only' });
});

test('a training like the live version takes its parameters, without those the family no longer has', () => {
  expect(sent(family, base(family, { like: { epochs: 3, gone: 1 } }))).toEqual({ epochs: 3 });
});

test('a start from scratch needs no weights', () => {
  expect(base(family, { start: 'none' })).toMatchObject({ weights: 'none', epochs: 22 });
  expect(base(family, { start: 'hub' })).toMatchObject({ weights: 'hub', epochs: 10 });
});

test('a damaged address changes nothing', () => {
  expect(editsOf('{"epochs":"3","x":1}')).toEqual({ epochs: '3' });
  expect(editsOf('[1')).toEqual({});
  expect(editsOf('null')).toEqual({});
});
