/** What the library waits for the person to answer: which class, or whether to do something to many pictures. */
import { Problem } from '$/api/problem';
import { attempt, toasts } from '$/app/toasts.svelte';
import type { Deed, Target } from './bulk';
import type { Changes } from './changes.svelte';
import type { View } from './filters';

export class Asking {
  question = $state.raw<{ deed: Deed; target: Target }>();
  picker = $state.raw<{ opener: HTMLElement; value: string | null; choose: (value: string) => void }>();

  constructor(
    readonly changes: Changes,
    readonly library: { view: View; ranked: boolean; why: string | undefined },
  ) {}

  /** Do it to what is chosen, once the count is confirmed, or else to the picture that has the keyboard. */
  deed(deed: Deed): void {
    const { why } = this.library;
    const { gallery } = this.changes;
    if (why) toasts.wrong(new Problem(403, why));
    else if (gallery.chosen > 0) void attempt(async () => (this.question = { deed, target: await this.target() }));
    else if (gallery.active) this.one(gallery.current, deed);
  }

  one(index: number, { action, value }: Deed): void {
    const { changes } = this;
    const image = changes.gallery.image(index);
    if (!image) return;
    if (action === 'label' && value !== undefined) void changes.label(image, value);
    else if (action === 'verify') void changes.verify(image);
    else if (action === 'trash') void changes.trash(image);
  }

  /** Open the list of classes beside a card's button. */
  pick(index: number, opener: HTMLElement): void {
    const image = this.changes.gallery.image(index);
    const choose = (value: string) =>
      this.one(this.changes.gallery.listing.indexOf(image?.id ?? ''), { action: 'label', value });
    this.picker = { opener, value: image?.shown ?? null, choose };
  }

  /** Open the list of classes for everything that is chosen. */
  pickForAll(opener: HTMLElement): void {
    this.picker = { opener, value: null, choose: (value) => this.deed({ action: 'label', value }) };
  }

  /** What is chosen, as the server is told of it. */
  async target(): Promise<Target> {
    const { gallery } = this.changes;
    const { ranked, view } = this.library;
    if (gallery.selection.all && !ranked) return { filters: view.filters, expected: gallery.chosen };
    const ids = await gallery.ids();
    return { ids, expected: ids.length };
  }
}
