import { expect, test } from 'vitest';
import { positive, Ruler } from './ruler.svelte';

test('two clicks or one drag make a length, a third click begins anew', () => {
  const ruler = new Ruler();
  ruler.start();
  ruler.press({ x: 0, y: 0 });
  expect(ruler.length).toBeUndefined();
  ruler.press({ x: 30, y: 40 });
  expect(ruler.length).toBe(50);
  ruler.press({ x: 5, y: 5 });
  expect(ruler.ends).toHaveLength(1);
  ruler.drag([{ x: 5, y: 105 }]);
  expect(ruler.length).toBe(100);
});

test('only a number above nought is a length, with a point or a comma', () => {
  expect(['12.5', ' 12,5 ', '0', '-3', '', 'ten', 'Infinity'].map(positive)).toEqual([
    12.5,
    12.5,
    undefined,
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
});
