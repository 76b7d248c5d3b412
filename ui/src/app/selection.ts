/** Which pictures are chosen: one by one, as a range from an anchor, or everything that a filter matches. */

export interface Selection {
  /** Everything that the filter matches, whether it was loaded or not; `ids` is empty then. */
  readonly all: boolean;
  readonly ids: ReadonlySet<string>;
  /** Where a range begins; null until something was chosen by itself. */
  readonly anchor: string | null;
  /** What was chosen beside the range that is being drawn. */
  readonly beside: ReadonlySet<string>;
}

export const NOTHING: Selection = { all: false, ids: new Set(), anchor: null, beside: new Set() };
export const EVERYTHING: Selection = { ...NOTHING, all: true };

export function holds(selection: Selection, id: string): boolean {
  return selection.all || selection.ids.has(id);
}

/** Choose `id` or let it go; a range begins there. */
export function toggled(selection: Selection, id: string): Selection {
  const ids = new Set(selection.ids);
  if (!ids.delete(id)) ids.add(id);
  return { all: false, ids, anchor: id, beside: ids };
}

/**
 * Choose from the anchor to `id` in `order` (what is in view now, from first to last), instead of the range that was
 * drawn from this anchor before. Where the anchor is not in view there is no range: only `id` is chosen.
 */
export function ranged(selection: Selection, id: string, order: readonly string[]): Selection {
  const from = selection.anchor === null ? -1 : order.indexOf(selection.anchor);
  const to = order.indexOf(id);
  if (from < 0 || to < 0)
    return { all: false, ids: new Set([...selection.ids, id]), anchor: id, beside: selection.ids };
  const range = order.slice(Math.min(from, to), Math.max(from, to) + 1);
  return { ...selection, all: false, ids: new Set([...selection.beside, ...range]) };
}

/** Let go of a picture that is gone. */
export function without(selection: Selection, id: string): Selection {
  const rest = (ids: ReadonlySet<string>) => new Set([...ids].filter((one) => one !== id));
  return {
    all: selection.all,
    ids: rest(selection.ids),
    anchor: selection.anchor === id ? null : selection.anchor,
    beside: rest(selection.beside),
  };
}
