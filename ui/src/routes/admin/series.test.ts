import { describe, expect, it } from 'vitest';
import { cards, curves, figure, path } from './series';

const series = (name: string, unit: string, points: [string, number][]) => ({ name, title: name, unit, points });
const NOW = {
  requests_per_second: 2.44,
  errors_per_second: 0,
  p50: null,
  p99: null,
  predictions_per_second: 0,
  queue: 3,
  memory: 236_609_536,
  models_loaded: 1,
  jobs_running: 0,
  jobs_queued: 0,
};

describe('figure', () => {
  it.each([
    [2.44, '1/s', '2.4 /s'],
    [0, '1/s', '0 /s'],
    [0.0168, 's', '17 ms'],
    [236_609_536, 'bytes', '237 MB'],
    [3, 'pictures', '3'],
  ])('writes %d %s as %s', (value, unit, said) => {
    expect(figure(value, unit)).toBe(said);
  });
});

describe('cards', () => {
  it('say why there is no figure, and the spread where there is one', () => {
    const [slow, requests, queue] = cards(
      [
        series('p99', 's', []),
        series('requests_per_second', '1/s', [
          ['a', 0],
          ['b', 10.39],
        ]),
        series('queue', 'pictures', [
          ['a', 3],
          ['b', 3],
        ]),
      ],
      NOW,
    );
    expect(slow).toMatchObject({ value: '–', note: 'Comes with the first request.' });
    expect(requests).toMatchObject({ value: '2.4 /s', note: '0 /s to 10.4 /s', points: [0, 10.39] });
    expect(queue?.note).toBe('steady at 3');
  });

  it('say when the curve begins', () => {
    expect(cards([series('memory', 'bytes', [['a', 5]])], NOW)[0]?.note).toContain('begins');
  });
});

describe('curves', () => {
  it('stand over common times, with gaps', () => {
    const [a, b, c] = ['2026-01-01T00:00:00Z', '2026-01-01T00:00:05Z', '2026-01-01T00:00:10Z'] as const;
    const found = curves(
      [
        series('p50', 's', [
          [a, 1],
          [c, 3],
        ]),
        series('p99', 's', [[b, 2]]),
        series('queue', 'pictures', [[a, 9]]),
      ],
      { p50: 'middle', p99: 'slowest' },
    );
    expect(found.x).toEqual([1767225600, 1767225605, 1767225610]);
    expect(found.series).toEqual([
      { name: 'middle', values: [1, null, 3] },
      { name: 'slowest', values: [null, 2, null] },
    ]);
  });
});

describe('path', () => {
  it('goes from left to right between bottom and top', () => {
    expect(path([0, 5, 10])).toBe('0.00,96.00 50.00,50.00 100.00,4.00');
  });

  it('lies at the bottom where all is zero', () => {
    expect(path([0, 0])).toBe('0.00,96.00 100.00,96.00');
  });
});
