import { beforeEach, expect, test } from 'vitest';
import { router } from '$/app/router.svelte';
import { Looking } from './looking.svelte';

const FLOOR = 0.5;
const again = () => new Looking(router.query, () => FLOOR);

beforeEach(() => router.go('/p/cracks/images/1?tab=crack', { replace: true }));

test('a plain address shows the overlay at the project’s threshold, and is left plain', () => {
  const looking = again();
  expect([looking.mode, looking.at, looking.off]).toEqual(['overlay', FLOOR, []]);
  looking.rest();
  expect(router.query.toString()).toBe('tab=crack');
});

test('everything that was chosen is there again after a reload', () => {
  const looking = again();
  looking.slide(0.31);
  looking.opacity = 0.2;
  looking.lines = true;
  looking.source = 'model';
  looking.turn('spall, wide');
  looking.turn('crack');
  looking.show('heat');
  const { mode, at, opacity, lines, source, off } = again();
  expect({ mode, at, opacity, lines, source, off }).toEqual({
    mode: 'heat',
    at: 0.31,
    opacity: 0.2,
    lines: true,
    source: 'model',
    off: ['spall, wide', 'crack'],
  });
  expect(router.query.get('tab')).toBe('crack');
});

test('the threshold of the project is no choice', () => {
  const looking = again();
  looking.slide(0.7);
  expect(looking.at).toBe(0.7);
  looking.slide(FLOOR);
  expect(looking.chosen).toBeUndefined();
});

test('a strange address is not believed', () => {
  router.go('/p/cracks/images/1?view=upside-down&threshold=7&opacity=x', { replace: true });
  const looking = again();
  expect([looking.mode, looking.at, looking.opacity]).toEqual(['overlay', FLOOR, 0.55]);
});
