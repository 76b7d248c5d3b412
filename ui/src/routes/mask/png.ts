/** PNG files of one byte per pixel (a mask's class indices, a probability map), exact to the bit: a canvas is not. */
import { Problem } from '$/api/problem';

/** Bytes in rows of `width`, as many rows as `height`. */
export interface Grey {
  width: number;
  height: number;
  data: Uint8Array<ArrayBuffer>;
}

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
const GREY = 0;
const PALETTE = 3;
const BAND = 1 << 20; // bytes handed to the compressor at once

/** An 8-bit grey PNG whose values are `data`. */
export async function encode({ width, height, data }: Grey): Promise<Uint8Array<ArrayBuffer>> {
  const head = new DataView(new ArrayBuffer(13));
  head.setUint32(0, width);
  head.setUint32(4, height);
  head.setUint8(8, 8);
  head.setUint8(9, GREY);
  const packed = await collected(through(rows(data, width), new CompressionStream('deflate')));
  return joined([
    Uint8Array.from(SIGNATURE),
    chunk('IHDR', new Uint8Array(head.buffer)),
    chunk('IDAT', packed),
    chunk('IEND', new Uint8Array()),
  ]);
}

/** The values of a grey or palette PNG of at most 8 bits, as they stand in the file: no colours, no gamma. */
export async function decode(file: Uint8Array<ArrayBuffer>): Promise<Grey> {
  if (SIGNATURE.some((byte, at) => file[at] !== byte)) throw new Problem(0, 'The server sent no PNG.');
  const { head, packed } = chunks(file);
  const { width, height, bits } = head;
  const unpacked = through(packed, new DecompressionStream('deflate'));
  const data = new Uint8Array(width * height);
  const stride = Math.ceil((width * bits) / 8);
  let line = new Uint8Array(stride + 1); // a filter's number, then the row's bytes
  let above = new Uint8Array(stride + 1);
  let filled = 0;
  let y = 0;
  const reader = unpacked.getReader();
  for (let step = await reader.read(); !step.done && y < height; step = await reader.read()) {
    for (let at = 0; at < step.value.length && y < height;) {
      const part = step.value.subarray(at, at + line.length - filled);
      line.set(part, filled);
      at += part.length;
      filled += part.length;
      if (filled < line.length) break;
      unfilter(line, above);
      spread(line, bits, data.subarray(y * width, (y + 1) * width));
      [line, above, filled] = [above, line, 0];
      y++;
    }
  }
  if (y < height) throw new Problem(0, `The PNG ends at row ${y} of ${height}.`);
  return { width, height, data };
}

interface Head {
  width: number;
  height: number;
  bits: number;
}

function chunks(file: Uint8Array<ArrayBuffer>): { head: Head; packed: Uint8Array<ArrayBuffer>[] } {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const packed: Uint8Array<ArrayBuffer>[] = [];
  let head: Head | undefined;
  for (let at = 8; at + 8 <= file.length;) {
    const length = view.getUint32(at);
    const name = String.fromCharCode(...file.subarray(at + 4, at + 8));
    const body = file.subarray(at + 8, at + 8 + length);
    if (name === 'IHDR') head = header(new DataView(body.buffer, body.byteOffset, body.byteLength));
    else if (name === 'IDAT') packed.push(body);
    else if (name === 'IEND') break;
    at += length + 12;
  }
  if (!head) throw new Problem(0, 'The PNG has no header.');
  return { head, packed };
}

function header(view: DataView): Head {
  const [bits, colour, interlaced] = [view.getUint8(8), view.getUint8(9), view.getUint8(12)];
  if (bits > 8 || (colour !== GREY && colour !== PALETTE) || interlaced)
    throw new Problem(0, `A PNG of colour type ${colour} with ${bits} bits is not one of single bytes.`);
  return { width: view.getUint32(0), height: view.getUint32(4), bits };
}

/** Undo a row's filter in place (PNG specification, 9.2): every pixel is at most one byte. */
function unfilter(line: Uint8Array, above: Uint8Array): void {
  const kind = line[0];
  if (kind === 0) return;
  let left = 0;
  let corner = 0;
  for (let at = 1; at < line.length; at++) {
    const up = above[at]!;
    const guess = kind === 1 ? left : kind === 2 ? up : kind === 3 ? (left + up) >> 1 : paeth(left, up, corner);
    left = (line[at]! + guess) & 255;
    line[at] = left;
    corner = up;
  }
}

function paeth(left: number, up: number, corner: number): number {
  const [a, b, c] = [Math.abs(up - corner), Math.abs(left - corner), Math.abs(left + up - 2 * corner)];
  return a <= b && a <= c ? left : b <= c ? up : corner;
}

/** The pixels of a row whose bytes hold one or several of them. */
function spread(line: Uint8Array, bits: number, row: Uint8Array): void {
  if (bits === 8) return row.set(line.subarray(1));
  const most = (1 << bits) - 1;
  for (let x = 0; x < row.length; x++) {
    const bit = x * bits;
    row[x] = (line[1 + (bit >> 3)]! >> (8 - bits - (bit & 7))) & most;
  }
}

/** Rows with the number of their filter (none) before each. */
function* rows(data: Uint8Array, width: number): Generator<Uint8Array<ArrayBuffer>> {
  const together = Math.max(1, Math.floor(BAND / (width + 1)));
  for (let from = 0; from < data.length; from += together * width) {
    const height = Math.min(together, (data.length - from) / width);
    const band = new Uint8Array(height * (width + 1));
    for (let y = 0; y < height; y++)
      band.set(data.subarray(from + y * width, from + (y + 1) * width), y * (width + 1) + 1);
    yield band;
  }
}

function through(
  parts: Iterable<Uint8Array<ArrayBuffer>>,
  by: CompressionStream | DecompressionStream,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const source = parts[Symbol.iterator]();
  const stream = new ReadableStream<BufferSource>({
    pull(control) {
      const { done, value } = source.next();
      if (done) control.close();
      else control.enqueue(value);
    },
  });
  return stream.pipeThrough(by) as ReadableStream<Uint8Array<ArrayBuffer>>;
}

async function collected(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  const reader = stream.getReader();
  for (let step = await reader.read(); !step.done; step = await reader.read()) parts.push(step.value);
  return joined(parts);
}

function joined(parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function chunk(name: string, body: Uint8Array): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(body.length + 12);
  const view = new DataView(whole.buffer);
  view.setUint32(0, body.length);
  for (let at = 0; at < 4; at++) whole[4 + at] = name.charCodeAt(at);
  whole.set(body, 8);
  view.setUint32(body.length + 8, checksum(whole.subarray(4, body.length + 8)));
  return whole;
}

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
  return value;
});

/** CRC-32 (PNG specification, annex D). */
function checksum(data: Uint8Array): number {
  let value = 0xffffffff;
  for (const byte of data) value = TABLE[(value ^ byte) & 255]! ^ (value >>> 8);
  return (value ^ 0xffffffff) >>> 0;
}
