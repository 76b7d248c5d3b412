import { expect, test } from 'vitest';
import type { Run } from '../training/curves';
import type { Version } from './aliases';
import { sidesOf } from './comparing';

const versions = [
  { number: 2, family: 'linear', alias: 'challenger', params: {}, metrics: {} },
  { number: 1, family: 'transfer', alias: 'champion', params: {}, metrics: { test: { n: 3 } } },
] as unknown as Version[];
const runs = [
  { id: 'x', version: 2, family: 'linear', params: {}, metrics: {}, started_at: '2026-01-02T03:04:05Z' },
  { id: 'y', version: null, family: 'transfer', params: {}, metrics: {}, started_at: '2026-01-02T03:04:05Z' },
] as unknown as Run[];

test('versions are found by number or alias, with the run that made them', () => {
  const sides = sidesOf({ versions, runs, a: 'champion', b: '2', ids: [] });
  expect(sides.map((side) => [side.name, side.run?.id])).toEqual([
    ['Version 1', undefined],
    ['Version 2', 'x'],
  ]);
  expect(sides[0]?.metrics).toEqual({ n: 3 });
});

test('a run that made no version stands for itself', () => {
  const sides = sidesOf({ versions, runs, a: null, b: null, ids: ['y', 'x'] });
  expect(sides.map((side) => side.name)).toEqual(['transfer run of 2026-01-02 03:04', 'Version 2']);
});

test('what is not there is left out', () => {
  expect(sidesOf({ versions, runs, a: '9', b: null, ids: [] })).toEqual([]);
});
