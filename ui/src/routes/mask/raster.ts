/** Shapes as spans of whole pixels, hard-edged: a pixel belongs to a shape where its centre lies inside. */

export interface Point {
  x: number;
  y: number;
}
export interface Size {
  width: number;
  height: number;
}
/** Pixels of a picture in runs of one row each: from, to (not included), as places in its rows one after another. */
export type Spans = number[];

const CLOSE = 1e-9; // a centre on the edge belongs to the shape, whatever the rounding

export function apart(a: Point, b: Point): number {
  return Math.hypot(a.x - b.x, a.y - b.y);
}

/** Where a brush of this size (pixels across) stands so that it covers whole pixels alike on all sides. */
export function settled(point: Point, across: number): Point {
  const centre = (value: number) => (across % 2 ? Math.floor(value) + 0.5 : Math.round(value));
  return { x: centre(point.x), y: centre(point.y) };
}

/** What a round brush of this size covers on its way from `a` to `b`. */
export function stroke(a: Point, b: Point, across: number, size: Size): Spans {
  const radius = across / 2;
  const spans: Spans = [];
  const top = Math.max(0, Math.floor(Math.min(a.y, b.y) - radius));
  const bottom = Math.min(size.height, Math.ceil(Math.max(a.y, b.y) + radius));
  for (let y = top; y < bottom; y++) {
    const ranges = [disc(a, radius, y + 0.5), disc(b, radius, y + 0.5), band(a, b, radius, y + 0.5)];
    const low = Math.min(...ranges.map((one) => one[0]));
    const high = Math.max(...ranges.map((one) => one[1]));
    cover(spans, low, high, y, size.width);
  }
  return spans;
}

/** What lies inside a polygon by the even-odd rule; of two that share an edge, each pixel belongs to one. */
export function polygon(points: readonly Point[], size: Size): Spans {
  const spans: Spans = [];
  const ys = points.map((one) => one.y);
  const top = Math.max(0, Math.floor(Math.min(...ys)));
  const bottom = Math.min(size.height, Math.ceil(Math.max(...ys)));
  for (let y = top; y < bottom; y++) {
    const cuts = crossings(points, y + 0.5);
    for (let at = 0; at + 1 < cuts.length; at += 2) {
      const from = Math.max(0, Math.ceil(cuts[at]! - 0.5));
      const to = Math.min(size.width, Math.ceil(cuts[at + 1]! - 0.5));
      if (from < to) spans.push(y * size.width + from, y * size.width + to);
    }
  }
  return spans;
}

export interface Region {
  spans: Spans;
  /** Whether it reaches the edge of the picture. */
  open: boolean;
}

/**
 * The pixels of the same value that hang together with the one at (x, y): the background over sides alone, what is
 * drawn over corners too, so that a line of one pixel is in one piece and closes what it goes round.
 */
export function connected(data: Uint8Array, size: Size, x: number, y: number): Region {
  const { width, height } = size;
  const value = data[y * width + x]!;
  const corner = value ? 1 : 0;
  const seen = new Uint8Array(data.length);
  const spans: Spans = [];
  const waiting = [y * width + x];
  let open = false;
  while (waiting.length) {
    const start = waiting.pop()!;
    if (seen[start]) continue;
    const row = Math.floor(start / width);
    const [first, last] = [row * width, (row + 1) * width];
    let from = start;
    let to = start + 1;
    while (from > first && data[from - 1] === value) from--;
    while (to < last && data[to] === value) to++;
    seen.fill(1, from, to);
    spans.push(from, to);
    open ||= from === first || to === last || row === 0 || row === height - 1;
    const [low, high] = [Math.max(first, from - corner), Math.min(last, to + corner)];
    if (row > 0) seeds(data, seen, value, low - width, high - width, waiting);
    if (row < height - 1) seeds(data, seen, value, low + width, high + width, waiting);
  }
  return { spans, open };
}

/** One pixel of every run of the value in a piece of a row. */
function seeds(data: Uint8Array, seen: Uint8Array, value: number, from: number, to: number, waiting: number[]): void {
  for (let at = from; at < to; at++)
    if (data[at] === value && !seen[at] && (at === from || data[at - 1] !== value)) waiting.push(at);
}

function disc(centre: Point, radius: number, y: number): [number, number] {
  const square = radius * radius - (y - centre.y) ** 2 + CLOSE;
  if (square < 0) return [Infinity, -Infinity];
  const half = Math.sqrt(square);
  return [centre.x - half, centre.x + half];
}

/** The row's part of the rectangle between two discs. */
function band(a: Point, b: Point, radius: number, y: number): [number, number] {
  const length = Math.hypot(b.x - a.x, b.y - a.y);
  if (length === 0) return [Infinity, -Infinity];
  const [ux, uy] = [(b.x - a.x) / length, (b.y - a.y) / length];
  const along = within(ux, (y - a.y) * uy, 0, length);
  const across = within(-uy, (y - a.y) * ux, -radius, radius);
  const [low, high] = [Math.max(along[0], across[0]) + a.x, Math.min(along[1], across[1]) + a.x];
  return low > high ? [Infinity, -Infinity] : [low, high];
}

/** For which t: low ≤ slope · t + offset ≤ high. */
function within(slope: number, offset: number, low: number, high: number): [number, number] {
  if (Math.abs(slope) < CLOSE)
    return offset >= low - CLOSE && offset <= high + CLOSE ? [-Infinity, Infinity] : [Infinity, -Infinity];
  const ends = [(low - offset - CLOSE) / slope, (high - offset + CLOSE) / slope] as const;
  return ends[0] < ends[1] ? [ends[0], ends[1]] : [ends[1], ends[0]];
}

function crossings(points: readonly Point[], y: number): number[] {
  const found: number[] = [];
  let before = points.at(-1)!;
  for (const point of points) {
    if (before.y <= y !== point.y <= y)
      found.push(before.x + ((y - before.y) * (point.x - before.x)) / (point.y - before.y));
    before = point;
  }
  return found.sort((a, b) => a - b);
}

/** Add the pixels of row `y` whose centres lie from `low` to `high`. */
function cover(spans: Spans, low: number, high: number, y: number, width: number): void {
  const from = Math.max(0, Math.ceil(low - 0.5 - CLOSE));
  const to = Math.min(width, Math.floor(high - 0.5 + CLOSE) + 1);
  if (from < to) spans.push(y * width + from, y * width + to);
}
