// @vitest-environment node
import { expect, test } from 'vitest';
import { digest, piecewise } from './digest';

const PNG = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

test('both ways to read a file give the same checksum', async () => {
  const file = new Blob([new Uint8Array([...PNG, ...Array.from({ length: 300_000 }, (_, at) => at % 251)])]);
  const pieces = Array.from(await piecewise(file), (byte) => byte.toString(16).padStart(2, '0')).join('');
  expect((await digest(file)).sha256).toBe(pieces);
  expect(pieces).toHaveLength(64);
});

test.each([
  ['PNG', PNG, true],
  ['JPEG', [0xff, 0xd8, 0xff, 0xe0], true],
  ['a text', [0x68, 0x65, 0x6c, 0x6c, 0x6f], false],
  ['a WAV, which is a RIFF file like WebP', [...new TextEncoder().encode('RIFF....WAVE')], false],
  ['WebP', [...new TextEncoder().encode('RIFF....WEBP')], true],
  ['nothing', [], false],
])('knows %s by its first bytes', async (_, bytes, picture) => {
  expect((await digest(new Blob([new Uint8Array(bytes)]))).picture).toBe(picture);
});
