/** Keys that do something on the page in view; `?` lists them. */

import { untrack } from 'svelte';

export interface Shortcut {
  /** As people write it: `x`, `Enter`, `Ctrl+Z`, `Shift+ArrowLeft`. Several are separated by a space. */
  keys: string;
  title: string;
  run: (event: KeyboardEvent) => void;
  /** Also while the person types in a field. */
  always?: boolean;
  /** Only where this holds; elsewhere the key does what it always does. */
  when?: (event: KeyboardEvent) => boolean;
}

class Shortcuts {
  groups = $state.raw<Shortcut[][]>([]);

  constructor() {
    window.addEventListener('keydown', (event) => this.#press(event));
  }

  /** Bind keys for as long as the calling component lives. Later bindings come first. */
  bind(list: Shortcut[]): void {
    $effect(() => {
      untrack(() => (this.groups = [list, ...this.groups]));
      return () => {
        this.groups = this.groups.filter((group) => group !== list);
      };
    });
  }

  #press(event: KeyboardEvent): void {
    if (event.defaultPrevented || event.isComposing) return;
    const typed = named(event);
    const field = isField(event.target);
    const inDialog = document.querySelector('dialog[open]') !== null;
    for (const shortcut of this.groups.flat()) {
      if (!shortcut.keys.split(' ').includes(typed)) continue;
      if ((field || inDialog) && !shortcut.always) continue;
      if (shortcut.when && !shortcut.when(event)) continue;
      event.preventDefault();
      shortcut.run(event);
      return;
    }
  }
}

/** The key as `Shortcut.keys` writes it; Cmd counts as Ctrl, and Shift only where the key has no other sign for it. */
export function named(event: Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'metaKey' | 'altKey' | 'shiftKey'>): string {
  const key = event.key === ' ' ? 'Space' : event.key;
  const letter = key.length === 1;
  const parts = [];
  if (event.ctrlKey || event.metaKey) parts.push('Ctrl');
  if (event.altKey) parts.push('Alt');
  if (event.shiftKey && (!letter || parts.length > 0)) parts.push('Shift');
  parts.push(letter && parts.length > 0 ? key.toUpperCase() : key);
  return parts.join('+');
}

function isField(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target instanceof HTMLInputElement)
    return !['checkbox', 'radio', 'button', 'submit', 'range'].includes(target.type);
  return target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement || target.isContentEditable;
}

const SIGNS: Record<string, string> = { ArrowLeft: '←', ArrowRight: '→', ArrowUp: '↑', ArrowDown: '↓' };

/** The keys of a shortcut one by one, as they stand on a keyboard; all ten digits are one. */
export function written(keys: string): string[] {
  const short = keys.replace('1 2 3 4 5 6 7 8 9 0', '1…9,0').replace(/Arrow\w+/g, (arrow) => SIGNS[arrow] ?? arrow);
  return short.split(' ');
}

/** Whether the key was pressed on something that has a use of its own for Enter: a link, a button, an opener. */
export function onControl(event: Pick<KeyboardEvent, 'target'>): boolean {
  return event.target instanceof Element && event.target.closest('a, button, summary, [role=menuitem]') !== null;
}

export const shortcuts = new Shortcuts();
