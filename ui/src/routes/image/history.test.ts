import { expect, test } from 'vitest';
import { sentences } from './history';

const at = '2026-01-02T12:00:00Z';
const versions = new Map([['v-one', 1]]);

test('a history reads as sentences, newest first', () => {
  const rows = [
    { kind: 'stored', at, by: 'u1', by_name: 'Ada' },
    { kind: 'prediction', at, version_id: 'v-one', predicted: 'fern', shown: 'unknown', confidence: 0.42 },
    { kind: 'label', at, action: 'correct', value: 'leaf', by: 'u1', by_name: 'Ada' },
  ];
  expect(sentences(rows, versions).map(({ who, text }) => `${who} ${text}`)).toEqual([
    'Ada said it shows leaf',
    'Model v1 answered fern with 42 %, shown as unknown',
    'Ada stored it',
  ]);
});

test('who is gone is said to be gone', () => {
  const rows = [
    { kind: 'label', at, action: 'clear', value: null, by: 'operator', by_name: null },
    { kind: 'prediction', at, version_id: 'gone', predicted: 'fern', shown: 'fern', confidence: 1 },
    { kind: 'label', at, action: 'verify', value: 'fern', by: 'u9', by_name: null },
  ];
  expect(sentences(rows, versions).map(({ who }) => who)).toEqual([
    'A former account',
    'A former model',
    'The command line',
  ]);
});
