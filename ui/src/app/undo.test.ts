import { beforeEach, expect, test } from 'vitest';
import { Problem } from '$/api/problem';
import { toasts } from './toasts.svelte';
import { undo } from './undo.svelte';

beforeEach(() => {
  undo.clear();
  toasts.items = [];
});

test('steps are taken back newest first, as many as there are', async () => {
  const said: number[] = [];
  for (let n = 0; n < 50; n++) undo.push(`step ${n}`, async () => void said.push(n), { quiet: true });
  for (let n = 0; n < 60; n++) await undo.back();
  expect(said).toEqual(Array.from({ length: 50 }, (_, n) => 49 - n));
});

test('a key pressed again before the first step is back takes back the next one', async () => {
  const said: number[] = [];
  for (let n = 0; n < 3; n++) undo.push(`step ${n}`, async () => void said.push(n), { quiet: true });
  await Promise.all([undo.back(), undo.back(), undo.back()]);
  expect(said).toEqual([2, 1, 0]);
});

test('a step that cannot be taken back stays and says why', async () => {
  let reachable = false;
  undo.push('relabelled', async () => {
    if (!reachable) throw new Error('offline');
  });
  await undo.back();
  expect(undo.steps).toHaveLength(1);
  expect(toasts.items.at(-1)?.kind).toBe('wrong');
  reachable = true;
  await undo.back();
  expect(undo.steps).toHaveLength(0);
});

test('steps keep the order of the deeds although the first one takes longest', async () => {
  const said: string[] = [];
  let arrive = () => {};
  const slow = undo.during(
    'slow',
    new Promise<void>((resolve) => (arrive = resolve)),
    async () => void said.push('slow'),
  );
  undo.push('quick', async () => void said.push('quick'), { quiet: true });
  const both = Promise.all([undo.back(), undo.back()]);
  arrive();
  await Promise.all([slow, both]);
  expect(said).toEqual(['quick', 'slow']);
});

test('a deed that failed leaves nothing to take back', async () => {
  const failed = undo.during('refused', Promise.reject(new Error('no')), async () => {
    throw new Error('never');
  });
  await expect(failed).rejects.toThrow('no');
  expect(undo.steps).toHaveLength(0);
});

test('a step that the server refuses to take back does not stand before the older ones', async () => {
  const said: string[] = [];
  undo.push('older', async () => void said.push('older'), { quiet: true });
  undo.push('of a picture that is gone', () => Promise.reject(new Problem(404, "No image 'x'.")), { quiet: true });
  await undo.back();
  await undo.back();
  expect(said).toEqual(['older']);
});

test('only the message of the newest step offers to take it back', async () => {
  const offers = () => toasts.items.filter((one) => one.action).map((one) => one.text);
  undo.push('first', async () => {});
  undo.push('second', async () => {});
  expect(offers()).toEqual(['second']);
  await undo.back();
  expect(offers()).toEqual([]);
  undo.push('third', async () => {});
  undo.push('quiet', async () => {}, { quiet: true });
  undo.offer('third');
  expect(offers()).toEqual([]);
});
