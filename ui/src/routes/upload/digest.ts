/** The checksum of a file, and whether its first bytes are those of a picture that the server takes. */
import { sha256 } from '@noble/hashes/sha2.js';
import type { Print } from './ports';

/** Beyond this a file is read piece by piece, whatever the browser could do at once. */
const AT_ONCE = 128 << 20;

/** SHA-256 and kind of a file; rejects where it cannot be read. */
export async function digest(file: Blob): Promise<Print> {
  const head = new Uint8Array(await file.slice(0, 12).arrayBuffer());
  if (!isPicture(head)) return { sha256: '', picture: false };
  const native = globalThis.crypto?.subtle && file.size <= AT_ONCE;
  const hash = native ? await natively(file) : await piecewise(file);
  return { sha256: Array.from(hash, (byte) => byte.toString(16).padStart(2, '0')).join(''), picture: true };
}

async function natively(file: Blob): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', await file.arrayBuffer()));
}

/** In flat memory; also where the page came over plain http and the browser hides its own. */
export async function piecewise(file: Blob): Promise<Uint8Array> {
  const hash = sha256.create();
  const reader = file.stream().getReader();
  for (let part = await reader.read(); !part.done; part = await reader.read()) hash.update(part.value);
  return hash.digest();
}

/** JPEG, PNG, WebP, TIFF, GIF or BMP by their first twelve bytes; names are not believed. */
export function isPicture(head: Uint8Array): boolean {
  const text = String.fromCharCode(...head);
  return (
    text.startsWith('\xff\xd8\xff') ||
    text.startsWith('\x89PNG\r\n\x1a\n') ||
    (text.startsWith('RIFF') && text.slice(8, 12) === 'WEBP') ||
    ['II*\0', 'MM\0*', 'II+\0', 'MM\0+'].includes(text.slice(0, 4)) ||
    ['GIF87a', 'GIF89a'].includes(text.slice(0, 6)) ||
    text.startsWith('BM')
  );
}
