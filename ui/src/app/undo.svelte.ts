/** What can be taken back, newest last, without limit for as long as the page is open. */
import { problem } from '$/api/problem';
import { toasts } from './toasts.svelte';

const UNDO = 'Undo';

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
    this.#become([...this.steps, { text, undo }]);
    if (!options.quiet) this.offer(text);
  }

  /** Say that it was done, with a way back for as long as it is the newest step: older ones come after it. */
  offer(text: string): void {
    const newest = this.steps.at(-1)?.text === text;
    toasts.done(text, newest ? { label: UNDO, run: () => void this.back() } : undefined);
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
    this.#become([...this.steps, step]);
    try {
      return await deed;
    } catch (cause) {
      this.#forget(step);
      throw cause;
    }
  }

  /**
   * Take back the newest step, after those that are being taken back. Where nobody answers it stays to be tried again;
   * where the server refuses it is forgotten, so that the older ones can be reached.
   */
  back(): Promise<void> {
    this.#last = this.#last.then(() => this.#takeBack());
    return this.#last;
  }

  async #takeBack(): Promise<void> {
    const step = this.steps.at(-1);
    if (!step) return toasts.info('There is nothing left to take back.');
    try {
      await step.undo();
      this.#forget(step);
      toasts.done(`Taken back: ${step.text}`);
    } catch (cause) {
      if (!problem(cause).passing) this.#forget(step);
      toasts.wrong(cause);
    }
  }

  /** What somebody did is not for the next one to take back. */
  clear(): void {
    this.#become([]);
  }

  #forget(step: Step): void {
    this.#become(this.steps.filter((one) => one !== step));
  }

  #become(steps: Step[]): void {
    this.steps = steps;
    toasts.withdraw(UNDO);
  }
}

export const undo = new Undo();
