import { expect, test } from 'vitest';
import { bars, mistakes, partNames, shares } from './breakdown';

const rows = [
  { name: 'red', side: 'test', n: 2 },
  { name: 'red', side: 'train', n: 5 },
  { name: 'former', side: 'train', n: 1 },
  { name: 'red', side: 'train', n: 1 },
];
const drawn = bars(
  rows,
  (row) => row.name,
  (row) => row.side,
  ['blue', 'red'],
);

test('every class has a bar, also an empty one, and former classes come last', () => {
  expect(drawn.map(({ name, total }) => [name, total])).toEqual([
    ['blue', 0],
    ['red', 8],
    ['former', 1],
  ]);
});

test('rows of the same part are added, and nothing is lost', () => {
  expect(drawn[1]?.parts).toEqual([
    { name: 'train', n: 6 },
    { name: 'test', n: 2 },
  ]);
  expect(drawn.reduce((sum, bar) => sum + bar.total, 0)).toBe(rows.reduce((sum, row) => sum + row.n, 0));
});

test('sides keep their order, sources go by name', () => {
  expect(partNames([{ p: 'none' }, { p: 'test' }, { p: 'train' }], (row) => row.p)).toEqual(['train', 'test', 'none']);
  expect(partNames([{ p: 'upload' }, { p: 'import' }], (row) => row.p)).toEqual(['import', 'upload']);
});

test('a row of the matrix is shared out, and an empty row is empty', () => {
  expect(
    shares([
      [3, 1],
      [0, 0],
    ]),
  ).toEqual([
    [0.75, 0.25],
    [0, 0],
  ]);
});

test('the most frequent mistakes come first, right answers never', () => {
  expect(
    mistakes(
      ['red', 'blue'],
      [
        [9, 1],
        [3, 7],
      ],
    ),
  ).toEqual([
    { said: 'blue', shown: 'red', n: 3 },
    { said: 'red', shown: 'blue', n: 1 },
  ]);
});
