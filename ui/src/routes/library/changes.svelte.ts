/** What people say of pictures in a grid: shown at once, taken back where the server refuses, undone without limit. */
import { api, must, Problem, type Image } from '$/api/client';
import * as pictures from '$/api/pictures';
import type { ProjectInView } from '$/app/project.svelte';
import { NOTHING, segments } from '$/app/task';
import { toasts } from '$/app/toasts.svelte';
import { undo } from '$/app/undo.svelte';
import { carryOut, done, takeBack, type Deed, type Target } from './bulk';
import { belongs, tabName, type View } from './filters';
import type { Gallery } from './gallery.svelte';
import type { Listing } from './listing.svelte';
import { spoil } from './shelf';

const QUIET = 250; // milliseconds without a change before counts are asked anew

/** What of the project's pictures is in view, and how many that are where somebody counts them. */
export interface InView {
  view: View;
  due: number | undefined;
}

export class Changes {
  /** What was done last, for people who listen. */
  said = $state('');
  /** Changes on their way to the server, or counts on their way back. */
  pending = $state(0);
  #queues = new Map<string, Promise<unknown>>();
  #newest = new Map<string, Image>();
  #left = new Map<string, { listing: Listing; at: number }>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    readonly project: ProjectInView,
    readonly gallery: Gallery,
    readonly view: InView,
  ) {}

  label(image: Image, value: string): Promise<void> {
    if (image.label === value && image.verified) return Promise.resolve();
    const model = value === NOTHING && this.#masks ? image.shown : image.predicted;
    const corrected = model !== null && model !== value;
    const guess = { label: value, shown: value, mask: null, verified: true, corrected };
    return this.#change(image, guess, this.#labelled(image, value), (now) => pictures.label(now, value));
  }

  verify(image: Image): Promise<void> {
    const word = image.label ?? image.shown;
    if (word === null || word === 'unknown') {
      const instead = this.#masks ? 'Draw its mask, or say that there is nothing.' : 'Say what it shows instead.';
      toasts.wrong(new Problem(422, `${image.name} has no answer to verify.`, instead));
      return Promise.resolve();
    }
    if (image.verified) return Promise.resolve();
    const guess = { label: word, verified: true };
    const text = this.#masks ? `${image.name} accepted` : `${image.name} verified as ${tabName(word)}`;
    return this.#change(image, guess, text, pictures.verify);
  }

  trash(image: Image): Promise<void> {
    const guess = { trashed_at: new Date().toISOString() };
    const back = () => pictures.restore(image);
    return this.#change(image, guess, `${image.name} moved to the trash`, pictures.trash, back);
  }

  get #masks(): boolean {
    return this.project.detail !== undefined && segments(this.project.detail);
  }

  #labelled(image: Image, value: string): string {
    const nothing = this.#masks && value === NOTHING;
    return nothing ? `${image.name}: nothing here` : `${image.name} labelled ${tabName(value)}`;
  }

  /** Do one thing to many, exactly as many as were confirmed. */
  async bulk(deed: Deed, target: Target): Promise<void> {
    this.pending++;
    const { name } = this.project;
    try {
      const { changed, unchanged, undo: before } = await carryOut(name, deed, target);
      if (changed === 0) toasts.info('Nothing had to be changed.');
      else {
        this.gallery.clear();
        const rest = unchanged > 0 ? `; ${unchanged} had nothing to change` : '';
        undo.push(done(deed, changed, this.project.detail?.task) + rest, async () => {
          await takeBack(name, deed.action, before);
          await this.anew();
        });
      }
    } finally {
      await this.anew();
      this.pending--;
    }
  }

  async #change(
    image: Image,
    guess: Partial<Image>,
    text: string,
    ask: (now: Image) => Promise<Image>,
    back: () => Promise<Image> = () => pictures.asBefore(image),
  ): Promise<void> {
    this.pending++;
    await this.#absorb({ ...image, ...guess });
    this.said = text;
    const quiet = this.gallery.listing.ids.has(image.id);
    try {
      const asked = this.#inTurn(image.id, () => ask(this.#now(image)));
      await undo.during(text, asked, () => this.#inTurn(image.id, back).then(() => this.#recount()));
      if (!quiet) undo.offer(text);
    } catch (cause) {
      await this.#refused(image, cause);
    } finally {
      this.pending--;
      this.#recount();
    }
  }

  /** A picture as the server last told it. */
  #now(image: Image): Image {
    const newest = this.#newest.get(image.id);
    return newest && newest.revision > image.revision ? newest : image;
  }

  /** One change of a picture after the other; what the last one answered is shown. */
  async #inTurn(id: string, ask: () => Promise<Image>): Promise<void> {
    const asked = (this.#queues.get(id) ?? Promise.resolve()).catch(() => {}).then(ask);
    this.#queues.set(id, asked);
    try {
      const image = await asked;
      this.#newest.set(id, image);
      if (this.#queues.get(id) === asked) await this.#absorb(image);
    } finally {
      if (this.#queues.get(id) === asked) this.#queues.delete(id);
    }
  }

  async #refused(image: Image, cause: unknown): Promise<void> {
    if (!(cause instanceof Problem) || cause.status !== 409) {
      await this.#absorb(this.#now(image));
      return toasts.wrong(cause);
    }
    const params = { path: { image_id: image.id } };
    const now = await must(api.GET('/api/v1/images/{image_id}', { params })).catch(() => image);
    this.#newest.set(image.id, now);
    await this.#absorb(now);
    const word = now.shown === null ? 'without an answer' : `“${tabName(now.shown, this.project.detail?.task)}”`;
    toasts.wrong(
      new Problem(
        409,
        `Somebody else changed ${image.name} meanwhile: it is ${word} now.`,
        'Your change was not made.',
      ),
    );
  }

  /** Show a picture as it is now, take it out of the list it left, or bring it back to its place there. */
  async #absorb(image: Image): Promise<void> {
    const { gallery } = this;
    const { listing } = gallery;
    if (belongs(image, this.view.view.filters)) {
      const place = this.#left.get(image.id);
      if (place?.listing === listing) listing.insert(place.at, image);
      else listing.put(image);
      return;
    }
    await gallery.settle(() => {
      const at = listing.drop(image.id);
      if (at >= 0) this.#left.set(image.id, { listing, at });
    });
    gallery.forget(image.id);
  }

  #recount(): void {
    spoil(this.gallery.listing);
    clearTimeout(this.#timer);
    if (!this.#timer) this.pending++;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.project.reload().finally(() => this.pending--);
    }, QUIET);
  }

  /** Fetch counts and pictures anew. */
  async anew(): Promise<void> {
    const { listing } = this.gallery;
    spoil(listing);
    await this.project.reload();
    await listing.refresh(this.view.due);
  }
}
