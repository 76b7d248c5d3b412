/** The keys of the library (interface rule 3): what each does, and where it does it. */
import { classOf, DIGITS } from '$/app/digits';
import type { Shortcut } from '$/app/shortcuts.svelte';
import { NOTHING } from '$/app/task';
import { attempt } from '$/app/toasts.svelte';
import { masks } from '$/masks/shown.svelte';
import type { Gallery } from './gallery.svelte';
import { step } from './layout';
import type { Library } from './library.svelte';

const ARROWS = ['ArrowLeft', 'ArrowRight', 'ArrowUp', 'ArrowDown'];
/** Moving and choosing, in whatever grid. */
export function moves(gallery: Gallery): Shortcut[] {
  const onGrid = () => gallery.active || nowhere();

  function move(event: KeyboardEvent) {
    if (!gallery.active) return void gallery.focus(gallery.current);
    const next = step(event.key, gallery.current, gallery.listing.count, gallery.columns);
    if (next === undefined) return;
    void attempt(() => (event.shiftKey ? gallery.extend(next) : gallery.focus(next)));
  }
  const toggle = () => void attempt(() => gallery.toggle(gallery.current));
  const everything = () => void attempt(() => gallery.everything());
  return [
    { keys: ARROWS.join(' '), title: 'Move', run: move, when: onGrid },
    { keys: 'Home End', title: 'First or last picture', run: move, when: () => gallery.active },
    { keys: ARROWS.map((key) => `Shift+${key}`).join(' '), title: 'Choose a range', run: move, when: onGrid },
    { keys: 'Space', title: 'Choose', run: toggle, when: () => onCard(gallery) },
    { keys: 'Ctrl+A', title: 'Choose everything that matches', run: everything },
    { keys: 'Escape', title: 'Choose nothing', run: () => gallery.clear(), when: () => gallery.chosen > 0 },
  ];
}

/** All keys of the library; `search` puts the keyboard into the search field. */
export function keys(library: Library, search: () => void): Shortcut[] {
  const { gallery, asking } = library;
  const acts = () => gallery.active || gallery.chosen > 0;
  const verifies = () => onCard(gallery) || (gallery.chosen > 0 && nowhere());

  function relabel(event: KeyboardEvent) {
    const value = classOf(event.key, library.project.detail.classes);
    if (value !== undefined) asking.deed({ action: 'label', value });
  }
  const unknown = () => asking.deed({ action: 'label', value: 'unknown' });
  const verify = () => asking.deed({ action: 'verify' });
  const nothing = () => asking.deed({ action: 'label', value: NOTHING });
  const says: Shortcut[] = library.masks
    ? [
        { keys: 'Enter', title: 'Accept the mask', run: verify, when: verifies },
        { keys: 'n', title: 'Nothing here', run: nothing, when: acts },
        { keys: 'e', title: 'Fix the mask', run: () => library.open(true), when: () => gallery.active },
        { keys: 'u', title: 'Cannot be said', run: unknown, when: acts },
        { keys: 'm', title: 'Show or hide masks', run: () => masks.toggle() },
      ]
    : [
        { keys: DIGITS, title: 'Label as class 1 to 10', run: relabel, when: acts },
        { keys: 'u', title: 'Label as unknown', run: unknown, when: acts },
        { keys: 'Enter', title: 'Verify what is shown', run: verify, when: verifies },
      ];
  return [
    ...moves(gallery),
    ...says,
    { keys: 'x Delete', title: 'Move to the trash', run: () => asking.deed({ action: 'trash' }), when: acts },
    { keys: 'o', title: 'Open the picture', run: () => library.open(), when: () => gallery.active },
    { keys: 's', title: 'Show similar pictures', run: () => library.similar(), when: () => gallery.active },
    { keys: '/', title: 'Search by name', run: search },
  ];
}

/** The keyboard is on nothing that has keys of its own; a page's heading has it after the page was opened. */
function nowhere(): boolean {
  return document.activeElement?.matches('body, main, h1') ?? true;
}

/** On a card itself: buttons inside it keep Enter and the space bar. */
function onCard(gallery: Gallery): boolean {
  return gallery.active && document.activeElement?.matches('a[data-index], [role=checkbox]') === true;
}
