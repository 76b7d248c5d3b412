/** What a person does to a grid of pictures with mouse, finger and keys: move, choose, choose a range. */
import { tick } from 'svelte';
import { EVERYTHING, holds, NOTHING, ranged, toggled, without, type Selection } from '$/app/selection';
import type { Image } from '$/api/client';
import { Problem } from '$/api/problem';
import type { Listing } from './listing.svelte';

export class Gallery {
  selection = $state.raw<Selection>(NOTHING);
  /** The place that arrow keys start from. */
  current = $state(0);
  /** The grid's element, once it is drawn, and how many columns it has. */
  root = $state.raw<HTMLElement>();
  columns = $state(1);
  #listing: () => Listing;

  constructor(listing: () => Listing) {
    this.#listing = listing;
  }

  get listing(): Listing {
    return this.#listing();
  }

  /** Exactly how many are chosen; everything counts what is not loaded too. */
  get chosen(): number {
    return this.selection.all ? this.listing.count : this.selection.ids.size;
  }

  /** Whether the keyboard is in the grid. */
  get active(): boolean {
    return this.root?.contains(document.activeElement) ?? false;
  }

  image(index = this.current): Image | undefined {
    return this.listing.entries[index]?.image;
  }

  holds(id: string): boolean {
    return holds(this.selection, id);
  }

  clear(): void {
    this.selection = NOTHING;
  }

  /** Choose everything that matches; resolves once its exact count is known. */
  async everything(): Promise<void> {
    if (!this.listing.counted) await this.whole();
    if (this.listing.count > 0) this.selection = EVERYTHING;
  }

  async toggle(index: number): Promise<void> {
    await this.#spell();
    const image = this.image(index);
    if (image) this.selection = toggled(this.selection, image.id);
  }

  /** Choose from the anchor to this place; the places between are fetched first. */
  async range(index: number): Promise<void> {
    await this.#spell();
    await this.listing.reach(index + 1);
    const image = this.image(index);
    if (image) this.selection = ranged(this.selection, image.id, [...this.listing.ids]);
  }

  /** As `range`, from the place where the keyboard is where nothing was chosen yet. */
  async extend(index: number): Promise<void> {
    const here = this.image();
    const anchored = this.selection.anchor !== null && this.listing.ids.has(this.selection.anchor);
    if (!anchored && here) this.selection = { ...this.selection, anchor: here.id, beside: this.selection.ids };
    await this.range(index);
    await this.focus(index);
  }

  /** Chosen pictures by id. */
  async ids(): Promise<string[]> {
    await this.#spell();
    return [...this.selection.ids];
  }

  /** Let go of a chosen picture that is gone. */
  forget(id: string): void {
    if (this.selection.ids.has(id)) this.selection = without(this.selection, id);
  }

  /** Put the keyboard on a place and bring it into view. */
  async focus(index: number): Promise<void> {
    const last = this.listing.count - 1;
    if (last < 0) return;
    this.current = Math.min(Math.max(index, 0), last);
    if (!this.image()) await this.listing.reach(this.current + 1);
    await tick();
    const card = this.root?.querySelector<HTMLElement>(`a[data-index='${this.current}']`);
    card?.focus({ preventScroll: true });
    card?.closest('[role=listitem]')?.scrollIntoView({ block: 'nearest' });
  }

  /** Keep the keyboard at its place while a card leaves it. */
  async settle(change: () => void): Promise<void> {
    const { active } = this;
    change();
    const last = Math.max(0, this.listing.count - 1);
    if (this.current > last) this.current = last;
    if (!active) return;
    await tick();
    if (!this.active) await this.focus(this.current);
  }

  /** All ids that match, once all of them are there. */
  async whole(): Promise<string[]> {
    await this.listing.reach(Infinity);
    if (!this.listing.complete) throw this.listing.problem ?? new Problem(0, 'The whole list could not be fetched.');
    return [...this.listing.ids];
  }

  /** Everything becomes a list of ids, so that some can be let go. */
  async #spell(): Promise<void> {
    if (this.selection.all) this.selection = { ...NOTHING, ids: new Set(await this.whole()) };
  }
}
