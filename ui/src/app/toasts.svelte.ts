/** Short messages in a corner: what was done, with its undo, or what went wrong. */
import { problem } from '$/api/problem';

export interface Toast {
  id: number;
  kind: 'done' | 'wrong' | 'info';
  text: string;
  hint?: string;
  action?: { label: string; run: () => void };
}

class Toasts {
  items = $state<Toast[]>([]);
  #next = 1;

  /** Say that something was done; gone after a few seconds. */
  done(text: string, action?: Toast['action']): void {
    this.#add({ kind: 'done', text, action }, action ? 10_000 : 4_000);
  }

  info(text: string, action?: Toast['action']): void {
    this.#add({ kind: 'info', text, action }, 8_000);
  }

  /** Say what went wrong; stays until it is closed. */
  wrong(cause: unknown): void {
    const told = problem(cause);
    this.#add({ kind: 'wrong', text: told.detail, hint: told.hint });
  }

  close(id: number): void {
    this.items = this.items.filter((one) => one.id !== id);
  }

  /** Close the messages whose button `label` would do something else now. */
  withdraw(label: string): void {
    this.items = this.items.filter((one) => one.action?.label !== label);
  }

  #add(toast: Omit<Toast, 'id'>, stay?: number): void {
    const id = this.#next++;
    this.items = [...this.items.slice(-3), { ...toast, id }];
    if (stay) setTimeout(() => this.close(id), stay);
  }
}

export const toasts = new Toasts();

/** Do something and say so where it fails; undefined then. */
export async function attempt<T>(what: () => Promise<T>): Promise<T | undefined> {
  try {
    return await what();
  } catch (cause) {
    toasts.wrong(cause);
    return undefined;
  }
}
