/** What of the library is in view and in which order: its address, its words, and whether a picture belongs to it. */
import type { Image, Schemas } from '$/api/client';
import { NOTHING, SEGMENT, wordsOf } from '$/app/task';
import { percent } from '$/app/words';

type Chosen = Schemas['Chosen'];
export type Key =
  | 'tab'
  | 'search'
  | 'verified'
  | 'corrected'
  | 'status'
  | 'side'
  | 'source'
  | 'site'
  | 'issue'
  | 'min_confidence'
  | 'max_confidence';
export type Filters = { [name in Key]?: NonNullable<Chosen[name]> };

/** Orders with their words; `similar` stands in the address only together with `to`. */
export const ORDERS = {
  '-created_at': 'Newest first',
  created_at: 'Oldest first',
  confidence: 'Least sure first',
  '-confidence': 'Surest first',
  name: 'By name',
  odd: 'Odd ones first',
} as const;
export type Order = keyof typeof ORDERS | 'similar';

export interface View {
  filters: Filters;
  order: Order;
  /** The picture that the others are compared with. */
  to: string | null;
}

const KINDS: Record<Key, 'text' | 'flag' | 'share'> = {
  tab: 'text',
  search: 'text',
  verified: 'flag',
  corrected: 'flag',
  status: 'text',
  side: 'text',
  source: 'text',
  site: 'text',
  issue: 'text',
  min_confidence: 'share',
  max_confidence: 'share',
};
export const KEYS = Object.keys(KINDS) as Key[];

/** The view that an address names; what it does not know or cannot read is left out. */
export function read(query: URLSearchParams): View {
  const filters: Record<string, unknown> = {};
  for (const key of KEYS) {
    const text = query.get(key);
    if (!text) continue;
    const kind = KINDS[key];
    if (kind === 'text') filters[key] = text;
    else if (kind === 'flag' && /^(true|false)$/.test(text)) filters[key] = text === 'true';
    else if (kind === 'share' && Number(text) >= 0 && Number(text) <= 1) filters[key] = Number(text);
  }
  const to = query.get('to');
  const sort = query.get('sort') ?? '';
  const order = to ? 'similar' : sort in ORDERS ? (sort as Order) : '-created_at';
  return { filters: filters as Filters, order, to };
}

/** The query of an address that `read` reads back; empty for the plain library. */
export function written(view: View): string {
  const query = new URLSearchParams();
  for (const key of KEYS) {
    const value = view.filters[key];
    if (value !== undefined) query.set(key, String(value));
  }
  if (view.to) query.set('to', view.to);
  else if (view.order !== '-created_at') query.set('sort', view.order);
  return query.toString();
}

export interface Chip {
  keys: (Key | 'to')[];
  text: string;
}

/** Every filter beside the tab in words, each to be taken away by itself. */
export function chips({ filters, to }: View): Chip[] {
  const found: Chip[] = [];
  const add = (text: string, ...keys: Chip['keys']) => found.push({ keys, text });
  if (to) add('Similar to one picture', 'to');
  if (filters.search) add(`Name contains “${filters.search}”`, 'search');
  if (filters.verified !== undefined) add(filters.verified ? 'Verified' : 'Not verified', 'verified');
  if (filters.corrected !== undefined) add(filters.corrected ? 'Corrected ★' : 'Not corrected', 'corrected');
  if (filters.status) add(STATUSES[filters.status] ?? filters.status, 'status');
  if (filters.side) add(SIDES[filters.side] ?? filters.side, 'side');
  if (filters.source) add(`Came by ${filters.source}`, 'source');
  if (filters.site) add(`Site ${filters.site}`, 'site');
  if (filters.issue) add(issueName(filters.issue), 'issue');
  const { min_confidence: least, max_confidence: most } = filters;
  if (least !== undefined || most !== undefined)
    add(`Confidence ${percent(least ?? 0, 0)} to ${percent(most ?? 1, 0)}`, 'min_confidence', 'max_confidence');
  return found;
}

export const STATUSES = {
  ready: 'Answered',
  pending: 'Waiting for an answer',
  unreadable: 'Unreadable',
  duplicate: 'Exact copy',
} as const;

export const SIDES = {
  train: 'Teaches (train)',
  calibration: 'Calibrates',
  test: 'Judges (test)',
  none: 'On no side',
} as const;

/** `near_duplicate` → "Near duplicate". */
export function issueName(issue: string): string {
  const words = issue.replaceAll('_', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** Where the library shows a picture; the server's own rule (`store/changes.py`). */
export function tabOf(image: Image): string {
  if (image.status === 'unreadable' || image.status === 'duplicate') return image.status;
  return image.shown ?? (image.status === 'pending' ? 'pending' : 'unlabelled');
}

/** Whether a picture that changed still belongs to the view. */
export function belongs(image: Image, filters: Filters): boolean {
  if (image.trashed_at) return false;
  if (filters.tab !== undefined && tabOf(image) !== filters.tab) return false;
  for (const key of ['verified', 'corrected', 'status', 'side', 'source', 'site'] as const)
    if (filters[key] !== undefined && image[key] !== filters[key]) return false;
  return true; // names, issues and confidences do not change by what people say
}

const LAST = ['pending', 'unlabelled', 'duplicate', 'unreadable', 'unknown'];
const LAST_NAMES: Record<string, string> = {
  pending: 'Pending',
  unlabelled: 'No answer',
  duplicate: 'Copies',
  unreadable: 'Unreadable',
  unknown: 'Unknown',
};

export interface Tab {
  /** undefined for all pictures. */
  tab: string | undefined;
  name: string;
  count: number;
}

/** All, the classes in the project's order, former classes, states, and `unknown` last; empty ones only while chosen. */
export function tabs(
  classes: readonly string[],
  counts: Readonly<Record<string, number>>,
  chosen?: string,
  task?: string,
): Tab[] {
  const ordered = wordsOf({ task: task ?? '', classes });
  const shown = new Set([...Object.keys(counts).filter((tab) => tab !== 'trash' && counts[tab])]);
  if (chosen !== undefined) shown.add(chosen);
  const own = ordered.filter((name) => shown.has(name) && !LAST.includes(name));
  const former = [...shown].filter((name) => !ordered.includes(name) && !LAST.includes(name)).sort();
  const last = LAST.filter((name) => shown.has(name));
  const named = [...own, ...former, ...last].map((tab) => ({ tab, name: tabName(tab, task), count: counts[tab] ?? 0 }));
  return [{ tab: undefined, name: 'All', count: pictures(counts) }, ...named];
}

/** What a tab is called; `task` is the project's, for the words that only it has. */
export function tabName(tab: string, task?: string): string {
  if (task === SEGMENT && tab === NOTHING) return 'Nothing found';
  return LAST_NAMES[tab] ?? tab;
}

/** All pictures outside the trash. */
export function pictures(counts: Readonly<Record<string, number>>): number {
  return Object.entries(counts).reduce((sum, [tab, n]) => (tab === 'trash' ? sum : sum + n), 0);
}

/** How many pictures a view has by the project's counts; undefined where they do not tell. */
export function expected(view: View, counts: Readonly<Record<string, number>>): number | undefined {
  const { tab, ...others } = view.filters;
  if (Object.keys(others).length > 0 || view.order === 'similar' || view.order === 'odd') return undefined;
  return tab === undefined ? pictures(counts) : (counts[tab] ?? 0);
}
