/** Lists that were looked at last, so that a tab or the way back from a picture shows them at once. */
import { api, must } from '$/api/client';
import { written, type View } from './filters';
import { Listing, type Ask } from './listing.svelte';

const KEPT = 8;
export const RANKED = 500; // the most that the server puts in order of likeness

interface Place {
  listing: Listing;
  /** Something was changed since it was fetched. */
  stale: boolean;
}
const shelf = new Map<string, Place>();

/** The list of a view, as it was left where it was looked at before; `expected` is its count where that is known. */
export function take(project: string, view: View, expected: number | undefined): Listing {
  const key = `${project}?${written(view)}`;
  const found = shelf.get(key) ?? { listing: new Listing(asking(project, view), expected), stale: false };
  shelf.delete(key);
  shelf.set(key, found);
  for (const oldest of [...shelf.keys()].slice(0, -KEPT)) shelf.delete(oldest);
  if (found.stale) void found.listing.refresh(expected);
  found.stale = false;
  return found.listing;
}

/** Fetch every list anew before it is shown again, except the one in view. */
export function spoil(inView?: Listing): void {
  for (const place of shelf.values()) place.stale = place.listing !== inView;
}

function asking(project: string, { filters, order, to }: View): Ask {
  const path = { project };
  if (order === 'similar' || order === 'odd') {
    const query = { ...filters, by: order, to: to ?? undefined, limit: RANKED };
    return async (_, __, signal) => {
      const found = await must(api.GET('/api/v1/projects/{project}/ranked', { params: { path, query }, signal }));
      const entries = found.items.map((place) => ({ image: place.image, like: place.looks_like ?? undefined }));
      return { entries, next: null, reason: found.reason };
    };
  }
  return async (cursor, limit, signal) => {
    const query = { ...filters, sort: order, limit, cursor: cursor ?? undefined };
    const found = await must(api.GET('/api/v1/projects/{project}/images', { params: { path, query }, signal }));
    return { entries: found.items.map((image) => ({ image })), next: found.next_cursor ?? null, total: found.total };
  };
}
