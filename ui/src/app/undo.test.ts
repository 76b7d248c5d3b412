import { beforeEach, expect, test } from 'vitest';
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
