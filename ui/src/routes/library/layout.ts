/** Where each card of a long grid stands, from numbers alone. */

export type Density = 'small' | 'medium' | 'large';
export const DENSITIES: Density[] = ['small', 'medium', 'large'];

const LEAST = { small: 7.5, medium: 10.5, large: 16 }; // rem, least width of a card
const PHONE = { small: 4, medium: 3, large: 2 }; // columns
const NARROW = 30; // rem, below this it is a phone
const OVERSCAN = 1; // rows drawn beyond each edge of the window

export interface Layout {
  columns: number;
  /** Pixels: width of a card, and distances from a card to the next one. */
  width: number;
  across: number;
  down: number;
}

/**
 * @param width pixels of the grid
 * @param rem pixels of one rem
 * @param foot rem of text under the square picture
 */
export function layout(width: number, rem: number, density: Density, foot: number): Layout {
  const narrow = width < NARROW * rem;
  const gap = (narrow ? 0.4 : 0.75) * rem;
  const columns = narrow ? PHONE[density] : Math.max(1, Math.floor((width + gap) / (LEAST[density] * rem + gap)));
  const card = (width - gap * (columns - 1)) / columns;
  return { columns, width: card, across: card + gap, down: card + foot * rem + gap };
}

/** Pixels of the whole grid. */
export function height(count: number, { columns, down }: Layout): number {
  return Math.ceil(count / columns) * down;
}

/** The places [from, to) that are drawn where the window shows `top`..`bottom` (pixels from the grid's upper edge). */
export function drawn(top: number, bottom: number, count: number, { columns, down }: Layout): [number, number] {
  const first = Math.max(0, Math.floor(top / down) - OVERSCAN);
  const last = Math.max(0, Math.ceil(bottom / down) + OVERSCAN);
  return [Math.min(first * columns, count), Math.min(last * columns, count)];
}

export function place(index: number, { columns, across, down }: Layout): { x: number; y: number } {
  return { x: (index % columns) * across, y: Math.floor(index / columns) * down };
}

/** Where an arrow key leads from `index`; undefined for other keys and at the edges. */
export function step(key: string, index: number, count: number, columns: number): number | undefined {
  const moves: Record<string, number> = {
    ArrowLeft: index - 1,
    ArrowRight: index + 1,
    ArrowUp: index - columns,
    ArrowDown: index + columns < count ? index + columns : sameRow(index, count - 1, columns) ? index : count - 1,
    Home: 0,
    End: count - 1,
  };
  const next = moves[key];
  return next === undefined || next < 0 || next >= count || next === index ? undefined : next;
}

function sameRow(one: number, other: number, columns: number): boolean {
  return Math.floor(one / columns) === Math.floor(other / columns);
}
