import { expect, test, vi } from 'vitest';
import { Draft } from './draft.svelte';
import { Editing, LARGEST } from './editing.svelte';

function begun(rows: string[]) {
  const data = Uint8Array.from([...rows.join('')], Number);
  const draft = new Draft({ width: rows[0]!.length, height: rows.length }, data);
  const shown = () => rows.map((row, y) => [...draft.data.subarray(y * row.length, (y + 1) * row.length)].join(''));
  return { draft, shown, editing: new Editing(draft) };
}
const RING = ['00000', '01110', '01010', '01110', '00000'];

test('brush and rubber draw from pixel to pixel, each stroke one step', () => {
  const { draft, editing, shown } = begun(['000000', '000000']);
  editing.across = 1;
  editing.press({ x: 0.2, y: 0.7 });
  editing.drag([{ x: 3.9, y: 0.1 }]);
  editing.lift();
  expect(shown()).toEqual(['111100', '000000']);
  editing.use('rubber');
  editing.press({ x: 1.5, y: 0.5 });
  editing.drag([{ x: 2.5, y: 0.5 }]);
  editing.lift();
  expect(shown()).toEqual(['100100', '000000']);
  draft.undo();
  draft.undo();
  expect(draft.canUndo).toBe(false);
});

test('fill closes a hole, rubs out a piece, and renames a piece of another class', () => {
  const { draft, editing, shown } = begun(RING);
  editing.use('fill');
  editing.press({ x: 2.5, y: 2.5 });
  expect(shown()[2]).toBe('01110');
  editing.value = 2;
  editing.press({ x: 2.5, y: 2.5 });
  expect(shown()[2]).toBe('02220');
  editing.press({ x: 2.5, y: 2.5 });
  expect(draft.area).toBe(0);
});

test('fill refuses what is open to the edge, and says so', () => {
  const { draft, editing } = begun(RING);
  editing.refused = vi.fn();
  editing.use('fill');
  editing.press({ x: 0.5, y: 0.5 });
  expect(editing.refused).toHaveBeenCalledWith(expect.stringContaining('open to the edge'));
  expect(draft.canUndo).toBe(false);
});

test('a polygon is filled once it has three corners', () => {
  const { editing, shown } = begun(['0000', '0000', '0000', '0000']);
  editing.refused = vi.fn();
  editing.use('polygon');
  editing.press({ x: 1, y: 1 });
  editing.press({ x: 3, y: 1 });
  editing.close();
  expect(editing.refused).toHaveBeenCalled();
  editing.press({ x: 3, y: 3 });
  editing.press({ x: 1, y: 3 });
  editing.press({ x: 0, y: 0 });
  editing.unpoint();
  editing.close();
  expect(shown()).toEqual(['0000', '0110', '0110', '0000']);
  expect(editing.corners).toEqual([]);
});

test('a second finger takes the stroke back', () => {
  const { draft, editing } = begun(['0000']);
  editing.press({ x: 1, y: 0 });
  editing.cancel();
  expect([draft.area, draft.canUndo]).toEqual([0, false]);
});

test('the size stays within its bounds', () => {
  const { editing } = begun(['0']);
  for (let turn = 0; turn < 99; turn++) editing.resize(-1);
  expect(editing.across).toBe(1);
  for (let turn = 0; turn < 99; turn++) editing.resize(1);
  expect(editing.across).toBe(LARGEST);
});
