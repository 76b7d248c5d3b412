// @vitest-environment node
import { deflateSync, inflateSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { decode, encode, type Grey } from './png';

function noise(width: number, height: number, most = 256): Grey {
  let state = 7;
  const next = () => (state = (state * 48271) % 2147483647);
  return { width, height, data: Uint8Array.from({ length: width * height }, () => next() % most) };
}

/** A PNG by hand: `lines` are its rows with their filters; checksums are not looked at. */
function png(head: number[], lines: number[]): Uint8Array<ArrayBuffer> {
  const chunk = (name: string, body: Uint8Array) => {
    const view = new DataView(new ArrayBuffer(4));
    view.setUint32(0, body.length);
    return [...new Uint8Array(view.buffer), ...[...name].map((one) => one.charCodeAt(0)), ...body, 0, 0, 0, 0];
  };
  const signature = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
  const body = deflateSync(Uint8Array.from(lines));
  return Uint8Array.from([...signature, ...chunk('IHDR', Uint8Array.from(head)), ...chunk('IDAT', body)]);
}

test.each([
  [1, 1],
  [7, 3],
  [640, 480],
  [3000, 701],
])('a picture of %i × %i comes back as it was', async (width, height) => {
  const given = noise(width, height);
  const found = await decode(await encode(given));
  expect([found.width, found.height]).toEqual([width, height]);
  expect(Buffer.compare(found.data, given.data)).toBe(0);
});

test('the file holds the rows unfiltered and ends as a PNG does', async () => {
  const file = await encode({ width: 2, height: 2, data: Uint8Array.from([0, 1, 2, 3]) });
  const length = new DataView(file.buffer).getUint32(33);
  expect([...inflateSync(file.subarray(41, 41 + length))]).toEqual([0, 0, 1, 0, 2, 3]);
  // The end of every PNG, with its well-known checksum.
  expect([...file.slice(-8)]).toEqual([0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60, 0x82]);
});

test('every filter is undone', async () => {
  const lines = [
    [0, 10, 20, 30],
    [1, 1, 1, 1], // left: 1 2 3
    [2, 5, 5, 5], // up: 6 7 8
    [3, 3, 3, 3], // average: 6, (6+7)>>1 = 6 → 9, (9+8)>>1 = 8 → 11
    [4, 1, 1, 1], // Paeth: 6 → 7, 9 → 10, 11 → 12
  ];
  const found = await decode(png([0, 0, 0, 3, 0, 0, 0, 5, 8, 0, 0, 0, 0], lines.flat()));
  expect([...found.data]).toEqual([10, 20, 30, 1, 2, 3, 6, 7, 8, 6, 9, 11, 7, 10, 12]);
});

test('a palette of two colours gives their indices', async () => {
  const found = await decode(png([0, 0, 0, 10, 0, 0, 0, 1, 1, 3, 0, 0, 0], [0, 0b10110000, 0b01000000]));
  expect([...found.data]).toEqual([1, 0, 1, 1, 0, 0, 0, 0, 0, 1]);
});

test('colours, another file and a short file are refused', async () => {
  await expect(decode(png([0, 0, 0, 1, 0, 0, 0, 1, 8, 2, 0, 0, 0], [0, 1, 2, 3]))).rejects.toThrow('colour type 2');
  await expect(decode(Uint8Array.from([1, 2, 3]))).rejects.toThrow('no PNG');
  await expect(decode(png([0, 0, 0, 2, 0, 0, 0, 2, 8, 0, 0, 0, 0], [0, 1, 2]))).rejects.toThrow('row 1 of 2');
});
