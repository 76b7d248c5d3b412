import { expect, test } from 'vitest';
import type { Image } from '$/api/client';
import { over, Overlays } from './overlays';

const DOT = { width: 1, height: 1, data: Uint8Array.from([1]) };
const image = (parts: Partial<Image>): Image =>
  ({
    id: 'a',
    status: 'ready',
    label: null,
    mask: null,
    predicted: 'crack',
    shown: 'crack',
    version_id: 'v',
    ...parts,
  }) as Image;
const one = (name: string) => ({ key: name, url: name, side: 256 });
const settled = () => new Promise((resolve) => setTimeout(resolve));

test('a picture without anything marked has no mask to fetch', () => {
  expect(over(image({}), 0.5)).toBeDefined();
  expect(over(image({ shown: 'nothing' }), 0.5)).toBeUndefined();
  expect(over(image({ label: 'nothing' }), 0.5)).toBeUndefined();
  expect(over(image({ predicted: null, shown: null }), 0.5)).toBeUndefined();
  expect(over(image({ status: 'pending' }), 0.5)).toBeUndefined();
  expect(over(image({ label: 'crack', mask: 'c0ffee', predicted: null }), 0.5)).toBeDefined();
});

test('the model’s mask is fetched anew under another threshold, the human’s only when it is another one', () => {
  const key = (parts: Partial<Image>, floor: number) => over(image(parts), floor)?.key;
  expect(key({}, 0.5)).not.toBe(key({}, 0.6));
  const drawn = { label: 'crack', mask: 'c0ffee' };
  expect(key(drawn, 0.5)).toBe(key(drawn, 0.6));
  expect(key(drawn, 0.5)).not.toBe(key({ ...drawn, mask: 'decaf' }, 0.5));
});

test('a few are fetched at once, then the newest that waits, and none that scrolled away', async () => {
  const asked: string[] = [];
  const open: (() => void)[] = [];
  const overlays = new Overlays((url) => {
    asked.push(url);
    return new Promise((resolve) => open.push(() => resolve(DOT)));
  });
  const gone = new AbortController();
  const stays = new AbortController().signal;
  for (const name of ['a', 'b', 'c', 'd', 'e']) void overlays.get(one(name), stays);
  const left = overlays.get(one('f'), gone.signal).catch(() => 'left');
  void overlays.get(one('g'), stays);
  await settled();
  expect(asked).toEqual(['a', 'b', 'c', 'd']);
  gone.abort();
  for (let n = 0; n < 4; n++) {
    open.shift()?.();
    await settled();
  }
  expect(await left).toBe('left');
  expect(asked).toEqual(['a', 'b', 'c', 'd', 'g', 'e']);
});

test('one that was seen before is not fetched again', async () => {
  let asked = 0;
  const overlays = new Overlays(async () => (asked++, DOT));
  const { signal } = new AbortController();
  await overlays.get(one('a'), signal);
  await overlays.get(one('a'), signal);
  expect(asked).toBe(1);
});
