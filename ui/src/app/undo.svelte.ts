/** What can be taken back, newest last, without limit for as long as the page is open. */
import { toasts } from './toasts.svelte';

interface Step {
  /** What was done, as a sentence: "12 pictures labelled Plantae". */
  text: string;
  undo: () => Promise<void>;
}

class Undo {
  steps = $state.raw<Step[]>([]);
  #last: Promise<void> = Promise.resolve();

  /** Remember how to take back what was just done, and say that it was done unless `quiet`. */
  push(text: string, undo: () => Promise<void>, options: { quiet?: boolean } = {}): void {
    this.steps = [...this.steps, { text, undo }];
    if (!options.quiet) toasts.done(text, { label: 'Undo', run: () => void this.back() });
  }

  /**
   * Remember a deed that is on its way, so that steps keep the order in which people did them; taking it back waits for
   * its end, and where it fails there is nothing to take back. Rejects as the deed does.
   */
  async during<T>(text: string, deed: Promise<T>, undo: () => Promise<void>): Promise<T> {
    const ended = deed.then(
      () => true,
      () => false,
    );
    const step = { text, undo: async () => void ((await ended) && (await undo())) };
    this.steps = [...this.steps, step];
    try {
      return await deed;
    } catch (cause) {
      this.steps = this.steps.filter((one) => one !== step);
      throw cause;
    }
  }

  /** Take back the newest step, after those that are being taken back; on failure it stays to be tried again. */
  back(): Promise<void> {
    this.#last = this.#last.then(() => this.#takeBack());
    return this.#last;
  }

  async #takeBack(): Promise<void> {
    const step = this.steps.at(-1);
    if (!step) return;
    try {
      await step.undo();
      this.steps = this.steps.filter((one) => one !== step);
      toasts.done(`Taken back: ${step.text}`);
    } catch (cause) {
      toasts.wrong(cause);
    }
  }

  clear(): void {
    this.steps = [];
  }
}

export const undo = new Undo();
