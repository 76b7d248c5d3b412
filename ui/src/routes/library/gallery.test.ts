import { describe, expect, it } from 'vitest';
import type { Image } from '$/api/client';
import { Gallery } from './gallery.svelte';
import { Listing } from './listing.svelte';

function gallery(n: number, expected?: number): Gallery {
  const listing = new Listing((cursor, limit) => {
    const from = Number(cursor ?? 0);
    const to = Math.min(n, from + limit);
    const entries = Array.from({ length: to - from }, (_, index) => ({ image: { id: `p${from + index}` } as Image }));
    return Promise.resolve({ entries, next: to < n ? String(to) : null });
  }, expected);
  return new Gallery(() => listing);
}

describe('a gallery', () => {
  it('ranges over places that were not fetched yet', async () => {
    const view = gallery(1000, 1000);
    await view.listing.reach(1);
    await view.toggle(3);
    await view.range(800);
    expect(view.chosen).toBe(798);
    expect(view.holds('p3') && view.holds('p800')).toBe(true);
    expect(view.holds('p2') || view.holds('p801')).toBe(false);
  });

  it('knows the exact count of everything that a filter matches', async () => {
    const view = gallery(1234);
    await view.everything();
    expect(view.chosen).toBe(1234);
  });

  it('lets one go out of everything', async () => {
    const view = gallery(700, 700);
    await view.listing.reach(1);
    await view.everything();
    await view.toggle(0);
    expect(view.chosen).toBe(699);
    expect(view.selection.all).toBe(false);
  });

  it('begins a range by keys where the keyboard is', async () => {
    const view = gallery(50, 50);
    await view.listing.reach(50);
    view.current = 10;
    await view.extend(11);
    await view.extend(12);
    expect([...view.selection.ids].sort()).toEqual(['p10', 'p11', 'p12']);
  });

  it('chooses nothing where there is nothing', async () => {
    const view = gallery(0);
    await view.everything();
    expect(view.chosen).toBe(0);
    expect(view.selection.all).toBe(false);
  });

  it('lets go of what is gone', async () => {
    const view = gallery(5, 5);
    await view.listing.reach(5);
    await view.toggle(1);
    await view.toggle(2);
    view.forget('p1');
    expect(view.chosen).toBe(1);
  });
});
