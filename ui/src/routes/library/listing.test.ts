import { describe, expect, it } from 'vitest';
import type { Image } from '$/api/client';
import { Listing, type Ask } from './listing.svelte';

const image = (id: string, parts: Partial<Image> = {}): Image => ({ id, revision: 1, ...parts }) as Image;

/** A server that holds these ids and answers in pages. */
function server(ids: string[]): { ask: Ask; ids: string[]; asked: (string | null)[] } {
  const held = { ids, asked: [] as (string | null)[], ask: undefined as unknown as Ask };
  held.ask = (cursor, limit) => {
    held.asked.push(cursor);
    const from = Number(cursor ?? 0);
    const entries = held.ids.slice(from, from + limit).map((id) => ({ image: image(id) }));
    const next = from + limit < held.ids.length ? String(from + limit) : null;
    return Promise.resolve({ entries, next, total: from === 0 ? held.ids.length : null });
  };
  return held;
}
const many = (n: number) => Array.from({ length: n }, (_, index) => `p${index}`);
const order = (listing: Listing) => listing.entries.map((entry) => entry.image.id);

describe('a list in pages', () => {
  it('has all its places before it was fetched', () => {
    expect(new Listing(server(many(3)).ask, 5000).count).toBe(5000);
  });

  it('fetches in order up to the place that is in view', async () => {
    const { ask, asked } = server(many(5000));
    const listing = new Listing(ask, 5000);
    await listing.reach(1000);
    expect(listing.entries.length).toBe(1200);
    expect(asked).toEqual([null, '200', '700']);
    expect(listing.count).toBe(5000);
  });

  it('asks once for what two want at once', async () => {
    const { ask, asked } = server(many(100));
    const listing = new Listing(ask, 100);
    await Promise.all([listing.reach(50), listing.reach(80)]);
    expect(asked.length).toBe(1);
  });

  it('learns from the first page how many there are', async () => {
    const { ask, asked } = server(many(1300));
    const listing = new Listing(ask);
    expect(listing.counted).toBe(false);
    await listing.reach(1);
    expect([listing.counted, listing.count, listing.entries.length]).toEqual([true, 1300, 200]);
    expect(asked).toEqual([null]);
  });

  it('ends where the server ends, whatever was expected', async () => {
    const listing = new Listing(server(many(7)).ask, 9);
    await listing.reach(9);
    expect(listing.count).toBe(7);
  });

  it('brings a picture back to the place it was taken from', async () => {
    const listing = new Listing(server(many(4)).ask, 4);
    await listing.reach(4);
    const at = listing.drop('p2');
    expect(order(listing)).toEqual(['p0', 'p1', 'p3']);
    listing.insert(at, image('p2'));
    expect(order(listing)).toEqual(['p0', 'p1', 'p2', 'p3']);
  });

  it('shows what came since when it is fetched anew, and nothing twice', async () => {
    const held = server(many(3));
    const listing = new Listing(held.ask, 3);
    await listing.reach(3);
    held.ids = ['new', ...held.ids];
    await listing.refresh();
    expect(order(listing)).toEqual(['new', 'p0', 'p1', 'p2']);
  });

  it('keeps a change that was made while an older page was on its way', async () => {
    const held = server(many(3));
    let release = () => {};
    const listing = new Listing(async (...asked) => {
      const answer = await held.ask(...asked);
      await new Promise<void>((resolve) => (release = resolve));
      return answer;
    }, 3);
    const first = listing.reach(3);
    await Promise.resolve().then(() => release());
    await first;
    const again = listing.refresh();
    await Promise.resolve();
    listing.put(image('p1', { shown: 'red' }));
    listing.drop('p0');
    release();
    await again;
    expect(order(listing)).toEqual(['p1', 'p2']);
    expect(listing.entries[0]?.image.shown).toBe('red');
  });

  it('says what went wrong, and goes on from there', async () => {
    const held = server(many(300));
    let broken = true;
    const listing = new Listing((cursor, limit, signal) => {
      if (cursor && broken) return Promise.reject(new TypeError('no network'));
      return held.ask(cursor, limit, signal);
    }, 300);
    await listing.reach(300);
    expect(listing.problem?.status).toBe(0);
    broken = false;
    listing.retry();
    await listing.reach(300);
    expect(listing.entries.length).toBe(300);
    expect(listing.problem).toBeUndefined();
  });
});
