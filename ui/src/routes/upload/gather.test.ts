import { expect, test } from 'vitest';
import { dropped, listed } from './gather';

/** A dropped tree: folders are objects, files are their text. A real reader gives its entries in parts, as this one. */
interface Tree {
  [name: string]: string | Tree;
}

function entry(path: string, node: string | Tree): FileSystemEntry {
  const name = path.slice(path.lastIndexOf('/') + 1);
  if (typeof node === 'string')
    return { isFile: true, fullPath: path, file: (done: FileCallback) => done(new File([node], name)) } as never;
  const left = Object.entries(node).map(([child, inside]) => entry(`${path}/${child}`, inside));
  const readEntries = (done: FileSystemEntriesCallback) => done(left.splice(0, 2));
  return { isFile: false, fullPath: path, createReader: () => ({ readEntries }) } as never;
}

function drop(tree: Tree): DataTransfer {
  const items = Object.entries(tree).map(([name, node]) => {
    const found = entry(`/${name}`, node);
    return { kind: 'file', webkitGetAsEntry: () => found };
  });
  return { items, files: [] } as never;
}

test('a dropped folder gives every file below it, with its path', async () => {
  const found = await dropped(drop({ trip: { a: { '1.jpg': 'x', '2.jpg': 'y', '3.jpg': 'z' }, 'b.jpg': 'w' } }));
  expect(found.files.map((one) => one.path)).toEqual(['trip/a/1.jpg', 'trip/a/2.jpg', 'trip/a/3.jpg', 'trip/b.jpg']);
  expect(found.folders).toEqual(['a', 'trip']);
});

test('hidden files are left out and counted, and a ZIP goes its own way', async () => {
  const found = await dropped(
    drop({ trip: { '.DS_Store': '', 'Thumbs.db': '', 'a.jpg': 'x' }, __MACOSX: { 'a.jpg': '' }, 'set.ZIP': 'PK' }),
  );
  expect(found.files.map((one) => one.path)).toEqual(['trip/a.jpg']);
  expect(found.archives.map((one) => one.name)).toEqual(['set.ZIP']);
  expect(found.hidden).toBe(3);
});

test('chosen files have no folder', () => {
  expect(listed([new File(['x'], '<b>.jpg')])).toMatchObject({ files: [{ path: '<b>.jpg' }], folders: [] });
});
