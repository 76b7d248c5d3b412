/** What can be taken back, newest last, without limit for as long as the page is open. */
import { toasts } from './toasts.svelte';

interface Step {
  /** What was done, as a sentence: "12 pictures labelled Plantae". */
  text: string;
  undo: () => Promise<void>;
}

class Undo {
  steps = $state<Step[]>([]);
  #busy = false;

  /** Remember how to take back what was just done, and say that it was done unless `quiet`. */
  push(text: string, undo: () => Promise<void>, options: { quiet?: boolean } = {}): void {
    this.steps.push({ text, undo });
    if (!options.quiet) toasts.done(text, { label: 'Undo', run: () => void this.back() });
  }

  /** Take back the newest step; on failure it stays to be tried again. */
  async back(): Promise<void> {
    const step = this.steps.at(-1);
    if (!step || this.#busy) return;
    this.#busy = true;
    try {
      await step.undo();
      this.steps = this.steps.filter((one) => one !== step);
      toasts.done(`Taken back: ${step.text}`);
    } catch (cause) {
      toasts.wrong(cause);
    } finally {
      this.#busy = false;
    }
  }

  clear(): void {
    this.steps = [];
  }
}

export const undo = new Undo();
