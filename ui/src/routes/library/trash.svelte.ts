/** The trash of a project: what lies in it, what is asked about it, and the slow end of many pictures. */
import { api, must, type Image, type ProjectDetail } from '$/api/client';
import { problem } from '$/api/problem';
import type { ProjectInView } from '$/app/project.svelte';
import { attempt, toasts } from '$/app/toasts.svelte';
import { undo } from '$/app/undo.svelte';
import { counted } from '$/app/words';
import { carryOut, done, takeBack, type Report, type Target } from './bulk';
import { Gallery } from './gallery.svelte';
import { Listing } from './listing.svelte';

const TOGETHER = 4; // deletions on their way at once

export class Trash {
  readonly listing: Listing;
  readonly gallery: Gallery;
  question = $state.raw<{ kind: 'restore' | 'end'; target: Target }>();
  /** How far a deletion for good is. */
  ending = $state<{ done: number; of: number }>();

  constructor(readonly project: ProjectInView & { detail: ProjectDetail }) {
    const path = { project: project.name };
    this.listing = new Listing(async (cursor, limit, signal) => {
      const query = { trashed: true, limit, cursor: cursor ?? undefined };
      const found = await must(api.GET('/api/v1/projects/{project}/images', { params: { path, query }, signal }));
      return { entries: found.items.map((image) => ({ image })), next: found.next_cursor ?? null, total: found.total };
    }, project.detail.counts['trash'] ?? 0);
    this.gallery = new Gallery(() => this.listing);
  }

  /** Ask about what is chosen, about everything, or about the picture that has the keyboard. */
  ask(kind: 'restore' | 'end', all = false): void {
    void attempt(async () => (this.question = { kind, target: await this.#target(kind, all) }));
  }

  async restore(): Promise<void> {
    if (!this.question) return;
    try {
      const { name } = this.project;
      const report = await carryOut(name, { action: 'restore' }, this.question.target);
      this.gallery.clear();
      this.#restored(report);
    } finally {
      await this.#anew();
    }
  }

  async restoreOne(image: Image): Promise<void> {
    await attempt(async () => {
      const target = { ids: [image.id], expected: 1 };
      this.#restored(await carryOut(this.project.name, { action: 'restore' }, target));
      await this.gallery.settle(() => this.listing.drop(image.id));
      this.gallery.forget(image.id);
    });
    await this.project.reload();
  }

  /** Delete what was confirmed for good, in the background of the page. */
  async begin(): Promise<void> {
    const ids = this.question?.target.ids ?? [];
    this.gallery.clear();
    void this.#end(ids);
  }

  async #end(ids: string[]): Promise<void> {
    this.ending = { done: 0, of: ids.length };
    const waiting = [...ids];
    const failed: unknown[] = [];
    const worker = async () => {
      for (let id = waiting.pop(); id !== undefined && failed.length === 0; id = waiting.pop()) {
        try {
          await must(api.DELETE('/api/v1/images/{image_id}/permanently', { params: { path: { image_id: id } } }));
        } catch (cause) {
          if (problem(cause).status !== 404) failed.push(cause); // somebody else was quicker
        }
        if (this.ending && failed.length === 0) this.ending.done++;
      }
    };
    await Promise.all(Array.from({ length: TOGETHER }, worker));
    const ended = this.ending.done;
    this.ending = undefined;
    if (failed.length > 0) toasts.wrong(problem(failed[0]));
    toasts.info(`${counted(ended, 'picture')} deleted for good`);
    await this.#anew();
  }

  async #target(kind: 'restore' | 'end', all: boolean): Promise<Target> {
    const { gallery } = this;
    const here = gallery.image();
    if (!all && gallery.chosen === 0 && here) return { ids: [here.id], expected: 1 };
    const everything = all || gallery.selection.all;
    if (everything && kind === 'restore') return { filters: { trashed: true }, expected: this.listing.count };
    const ids = everything ? await gallery.whole() : await gallery.ids();
    return { ids, expected: ids.length };
  }

  #restored({ changed, undo: before }: Report): void {
    if (changed === 0) return toasts.info('Nothing had to be restored.');
    undo.push(done({ action: 'restore' }, changed), async () => {
      await takeBack(this.project.name, 'restore', before);
      await this.#anew();
    });
  }

  async #anew(): Promise<void> {
    await this.project.reload();
    await this.listing.refresh(this.project.detail.counts['trash'] ?? 0);
  }
}
