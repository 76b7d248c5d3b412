/** The state of the library page: the view that its address names, the list of its pictures, and what is asked about them. */
import { EDITING, projectPath } from '$/app/paths';
import { untrack } from 'svelte';
import type { ProjectDetail } from '$/api/client';
import type { ProjectInView } from '$/app/project.svelte';
import { router } from '$/app/router.svelte';
import { segments } from '$/app/task';
import { Asking } from './asking.svelte';
import { Changes } from './changes.svelte';
import { expected, pictures, read, written } from './filters';
import { Gallery } from './gallery.svelte';
import type { Listing } from './listing.svelte';
import { spoil, take } from './shelf';

const MOST_IDS = 250; // an address with more of them is too long for some proxies

export class Library {
  view = $derived(read(router.query));
  /** The query of the view, the same for the same view. */
  key = $derived(written(this.view));
  listing: Listing;
  readonly gallery: Gallery;
  readonly changes: Changes;
  readonly asking: Asking;
  /** The ZIP that the person is asked about. */
  zip = $state.raw<{ href: string; count: number | undefined }>();
  /** Address of the project's pages. */
  readonly root: string;
  /** Pictures that the project had when the list was fetched. */
  #before: number;

  /** Call it while a component is made; `moved` is called when another list comes into view. */
  constructor(
    readonly project: ProjectInView & { detail: ProjectDetail },
    moved: () => void,
  ) {
    spoil(); // other pages may have changed what is on the shelf
    this.root = projectPath(project.name);
    this.listing = $state.raw(untrack(() => take(project.name, this.view, this.due)));
    this.#before = untrack(() => pictures(this.counts));
    this.gallery = new Gallery(() => this.listing);
    this.changes = new Changes(project, this.gallery, this);
    this.asking = new Asking(this.changes, this);
    $effect.pre(() => {
      void this.key;
      untrack(() => this.#follow(moved));
    });
    $effect(() => {
      void this.counts;
      untrack(() => this.#answered());
    });
    $effect(() => () => this.listing.stop());
  }

  get counts(): Record<string, number> {
    return this.project.detail.counts;
  }

  /** Why this person may not label; undefined where they may. */
  get why(): string | undefined {
    return this.project.why('reviewer');
  }

  /** How many pictures the view has by the project's counts; undefined where they do not tell. */
  get due(): number | undefined {
    return expected(this.view, this.counts);
  }

  /** In order of likeness, which the server gives for the first few hundred pictures only. */
  get ranked(): boolean {
    return this.view.order === 'similar' || this.view.order === 'odd';
  }

  /** How many pictures came since the list was fetched, below 0 where some went elsewhere. */
  get news(): number {
    if (this.changes.pending > 0 || !this.listing.begun || !this.listing.counted) return 0;
    const { due } = this;
    return due === undefined ? Math.max(0, pictures(this.counts) - this.#before) : due - this.listing.count;
  }

  /** Where pictures in view wait for an answer, look whether it has come. */
  #answered(): void {
    const waits = this.listing.entries.some(({ image }) => image.status === 'pending');
    if (waits && this.changes.pending === 0) void this.listing.refresh(this.due);
  }

  async showNews(): Promise<void> {
    this.#before = pictures(this.counts);
    await this.listing.refresh(this.due);
    scrollTo(0, 0);
  }

  /** Where a picture opens, with the view, so that its page can step to the next one. */
  href(image: string): string {
    return `${this.root}/images/${image}${this.key ? `?${this.key}` : ''}`;
  }

  /** Where its mask is drawn. */
  edit(image: string): string {
    return `${this.href(image)}${this.key ? '&' : '?'}${EDITING}`;
  }

  open(edit = false): void {
    const image = this.gallery.image();
    if (image) router.go(edit ? this.edit(image.id) : this.href(image.id));
  }

  /** Where the pictures that pass the filters are measured. */
  get report(): string {
    const query = written({ ...this.view, order: '-created_at', to: null });
    return `${this.root}/report${query ? `?${query}` : ''}`;
  }

  /** Whether people mark pixels here, instead of naming what the whole picture shows. */
  get masks(): boolean {
    return segments(this.project.detail);
  }

  similar(to = this.gallery.image()?.id): void {
    if (to) router.go(`${this.root}?to=${to}`);
  }

  /** Why the chosen pictures cannot be downloaded as they were chosen. */
  get heavy(): string | undefined {
    const { gallery, ranked } = this;
    if ((gallery.selection.all && !ranked) || gallery.chosen <= MOST_IDS) return undefined;
    return `At most ${MOST_IDS} pictures chosen one by one fit into a ZIP; filter instead, or take everything that matches.`;
  }

  /** Everything that passes the filters, in whatever order. */
  zipAll(): void {
    const { listing, ranked } = this;
    const count = ranked ? expected({ ...this.view, order: 'name' }, this.counts) : listing.count;
    this.#zip(this.view.filters, [], listing.counted ? count : undefined);
  }

  async zipChosen(): Promise<void> {
    const { filters, ids, expected: count } = await this.asking.target();
    this.#zip(filters ?? {}, ids ?? [], count);
  }

  #zip(filters: object, ids: string[], count: number | undefined): void {
    const query = new URLSearchParams(Object.entries(filters).map(([name, value]) => [name, String(value)]));
    for (const id of ids) query.append('ids', id);
    this.zip = { href: `/api/v1/projects/${encodeURIComponent(this.project.name)}/export?${query}`, count };
  }

  #follow(moved: () => void): void {
    const next = take(this.project.name, this.view, this.due);
    if (next === this.listing) return;
    this.listing.stop();
    this.listing = next;
    this.#before = pictures(this.counts);
    this.gallery.clear();
    this.gallery.current = 0;
    moved();
  }
}
