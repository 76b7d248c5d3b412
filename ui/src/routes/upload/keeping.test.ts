// @vitest-environment node
import 'fake-indexeddb/auto';
import { expect, test } from 'vitest';
import { projectsOf, Shelf } from './keeping';
import type { Row } from './rows';

function row(id: string, changes: Partial<Row> = {}): Row {
  return { id, path: `${id}.jpg`, size: 3, site: '', file: new Blob([id]), state: 'waiting', sent: 0, ...changes };
}

test('rows come back in their order with their files, and only to whose they are', async () => {
  const shelf = new Shelf('ada', 'first');
  const kept: string[] = [];
  expect(await shelf.add([row('b1'), row('b2', { state: 'sending', sha256: 'x' })], (one) => kept.push(one.id))).toBe(
    true,
  );
  expect(kept).toEqual(['b1', 'b2']);
  const back = await shelf.load();
  expect(back.map(({ id, state, kept: safe }) => [id, state, safe])).toEqual([
    ['b1', 'waiting', true],
    ['b2', 'read', true],
  ]);
  expect(await projectsOf('ada')).toEqual(['first']);
  expect(await projectsOf('ad')).toEqual([]);
  expect(await new Shelf('ada', 'second').load()).toEqual([]);
});

test('the file of a row that is through is forgotten, its outcome is not', async () => {
  const shelf = new Shelf('bob', 'first');
  const one = row('c1');
  await shelf.add([one], () => {});
  await shelf.update([{ ...one, state: 'stored', file: null, imageId: 'i' }]);
  expect(await shelf.load()).toMatchObject([{ id: 'c1', state: 'stored', file: null, imageId: 'i' }]);
  await shelf.forget([one]);
  expect(await shelf.load()).toEqual([]);
});
