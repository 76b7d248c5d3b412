import { describe, expect, test } from 'vitest';
import { connected, polygon, settled, stroke, type Point, type Size, type Spans } from './raster';

const SIZE = { width: 40, height: 30 };

/** Pixels as rows of signs. */
function drawn(spans: Spans, { width, height }: Size): string[] {
  const cells = new Array<string>(width * height).fill('.');
  for (let at = 0; at < spans.length; at += 2) cells.fill('#', spans[at], spans[at + 1]);
  return Array.from({ length: height }, (_, y) => cells.slice(y * width, (y + 1) * width).join(''));
}
function byHand(inside: (x: number, y: number) => boolean, { width, height }: Size): string[] {
  const row = (y: number) => Array.from({ length: width }, (_, x) => (inside(x + 0.5, y + 0.5) ? '#' : '.')).join('');
  return Array.from({ length: height }, (_, y) => row(y));
}
function away(x: number, y: number, a: Point, b: Point): number {
  const [dx, dy] = [b.x - a.x, b.y - a.y];
  const t = Math.max(0, Math.min(1, ((x - a.x) * dx + (y - a.y) * dy) / (dx * dx + dy * dy || 1)));
  return Math.hypot(x - a.x - t * dx, y - a.y - t * dy);
}
function random(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 48271) % 2147483647) / 2147483647;
}

describe('stroke', () => {
  test('a brush of 1, 2 and 4 pixels is a dot, a square and a disc', () => {
    const dot = (across: number) =>
      drawn(stroke(settled({ x: 2.2, y: 1.9 }, across), settled({ x: 2.2, y: 1.9 }, across), across, {
        width: 5,
        height: 4,
      }), { width: 5, height: 4 }); // prettier-ignore
    expect(dot(1)).toEqual(['.....', '..#..', '.....', '.....']);
    expect(dot(2)).toEqual(['.....', '.##..', '.##..', '.....']);
    expect(dot(4)).toEqual(['.##..', '####.', '####.', '.##..']);
  });

  test('covers the pixels whose centres are within half its size of the way, and no other', () => {
    const next = random(3);
    for (let round = 0; round < 300; round++) {
      const across = 1 + Math.floor(next() * 14);
      const place = () => settled({ x: next() * 50 - 5, y: next() * 40 - 5 }, across);
      const [a, b] = [place(), place()];
      const wanted = byHand((x, y) => away(x, y, a, b) <= across / 2 + 1e-9, SIZE);
      expect(drawn(stroke(a, b, across, SIZE), SIZE)).toEqual(wanted);
    }
  });

  test('a line of one pixel has no gap', () => {
    const data = new Uint8Array(SIZE.width * SIZE.height);
    const spans = stroke({ x: 1.5, y: 2.5 }, { x: 37.5, y: 21.5 }, 1, SIZE);
    for (let at = 0; at < spans.length; at += 2) data.fill(1, spans[at], spans[at + 1]);
    const piece = connected(data, SIZE, 1, 2).spans;
    const pixels = (of: Spans) => of.reduce((sum, place, at) => sum + (at % 2 ? place : -place), 0);
    expect(pixels(piece)).toBe(pixels(spans));
  });
});

describe('polygon', () => {
  test('holds the pixels whose centres lie inside, by the even-odd rule', () => {
    const star = [0, 2, 4, 1, 3].map((k) => ({
      x: 20 + 18 * Math.sin((2 * Math.PI * k) / 5),
      y: 15 - 18 * Math.cos((2 * Math.PI * k) / 5),
    }));
    const inside = (x: number, y: number) => {
      let odd = false;
      star.forEach((p, at) => {
        const q = star.at(at - 1)!;
        if (p.y > y !== q.y > y && x < p.x + ((y - p.y) * (q.x - p.x)) / (q.y - p.y)) odd = !odd;
      });
      return odd;
    };
    expect(drawn(polygon(star, SIZE), SIZE)).toEqual(byHand(inside, SIZE));
  });

  test('two corners hold nothing', () => {
    expect(polygon([{ x: 1, y: 1 }, { x: 9, y: 9 }], SIZE)).toEqual([]); // prettier-ignore
  });
});

describe('connected', () => {
  const parse = (rows: string[]) => ({
    size: { width: rows[0]!.length, height: rows.length },
    data: Uint8Array.from([...rows.join('')], (one) => (one === '.' ? 0 : 1)),
  });
  const RING = ['......', '..#...', '.#.#..', '..#.#.', '...#..', '......'];

  test('a line that only touches at corners is one piece', () => {
    const { data, size } = parse(RING);
    const found = connected(data, size, 2, 1);
    expect(drawn(found.spans, size)).toEqual(RING);
    expect(found.open).toBe(false);
  });

  test('the background does not leak through corners', () => {
    const { data, size } = parse(RING);
    expect(connected(data, size, 2, 2)).toEqual({ spans: [14, 15], open: false });
  });

  test('what reaches the edge is open', () => {
    const { data, size } = parse(RING);
    expect(connected(data, size, 0, 0).open).toBe(true);
  });

  test('it reaches round corners', () => {
    const { data, size } = parse(['#####', '....#', '###.#', '#...#', '#####']);
    const wanted = ['#####', '....#', '###.#', '#...#', '#####'];
    expect(drawn(connected(data, size, 0, 0).spans, size)).toEqual(wanted);
    expect(drawn(connected(data, size, 1, 3).spans, size)).toEqual(['.....', '####.', '...#.', '.###.', '.....']);
  });
});
