/** A model's measured figures out of the free JSON that the server keeps them in. */
import { count, interval, type Interval } from '$/app/words';

export interface ClassRow {
  name: string;
  n: number;
  precision: Interval | null;
  recall: Interval | null;
  f1: Interval | null;
  /** Of masks only. */
  dice?: Interval | null;
  iou?: Interval | null;
}

export interface Figures {
  n: number;
  /** They judge masks, pixel by pixel, instead of what whole pictures show. */
  masks: boolean;
  /** By name, in the order in which they are shown. */
  values: Partial<Record<string, Interval>>;
  perClass: ClassRow[];
  leaked: number;
  unreadable: number;
  /** Of masks: those that fit worst, from what threshold (0..1) on pixels were marked, and how to read the figures. */
  worst: { id: string | null; name: string; dice: number }[];
  threshold: number | null;
  notes: string;
}

/** What a figure is called, what it means, and whether it is written as a share. */
export interface Meaning {
  title: string;
  note: string;
  share: boolean;
}

const OF_WORDS: Record<string, Meaning> = {
  accuracy: { title: 'Accuracy', note: 'right answers of all', share: true },
  macro_f1: { title: 'Macro F1', note: 'every class counts the same', share: true },
  roc_auc: { title: 'ROC-AUC', note: 'how well classes are told apart; 1 is perfect', share: false },
  ece: { title: 'Calibration error', note: 'how far “90 % sure” is off; 0 is perfect', share: true },
  unknown_share: { title: 'Unknown', note: 'below the floor of confidence', share: true },
};
const OF_MASKS: Record<string, Meaning> = {
  dice: { title: 'Dice', note: 'overlap of masks, over all pixels; 1 is perfect', share: false },
  iou_mean: { title: 'Mean IoU', note: 'of the classes and the background', share: false },
  precision: { title: 'Precision', note: 'of the marked pixels are right', share: true },
  recall: { title: 'Recall', note: 'of the right pixels are marked', share: true },
  boundary_f: { title: 'Boundary F', note: 'how well the edges lie', share: false },
  dice_per_picture: { title: 'Dice per picture', note: 'every picture counts the same', share: false },
  false_alarm_share: { title: 'False alarms', note: 'of the empty pictures have something marked', share: true },
};
const IOU = 'iou_';

/** The meanings of figures of one kind by their names, in order; every class of masks has an IoU of its own. */
export function meanings(all: readonly (Figures | undefined)[]): [string, Meaning][] {
  const found = all.filter((one) => one !== undefined);
  if (!found.some((one) => one.masks)) return Object.entries(OF_WORDS);
  const own = Object.keys({ ...found[0]?.values, ...found[1]?.values }).filter((name) => isClass(name));
  const [dice, ...others] = Object.entries(OF_MASKS);
  const ious = own.map((name): [string, Meaning] => [
    name,
    { title: `IoU of ${name.slice(IOU.length)}`, note: 'overlap divided by the union', share: false },
  ]);
  return [dice!, ...ious, ...others];
}

function isClass(name: string): boolean {
  return name.startsWith(IOU) && !(name in OF_MASKS) && name !== 'iou_per_picture';
}

type Free = Record<string, unknown>;

/** An interval out of `{value, low, high}`; null where the figure is undefined. */
export function estimate(found: unknown): Interval | null {
  const { value, low, high } = (found ?? {}) as Free;
  if (typeof value !== 'number') return null;
  return { value, low: typeof low === 'number' ? low : null, high: typeof high === 'number' ? high : null };
}

/** Figures as `measure.labels.score` writes them; undefined where nothing was judged. */
export function figures(found: unknown): Figures | undefined {
  const told = (found ?? {}) as Free;
  const n = Number(told['n'] ?? 0);
  if (!n) return undefined;
  const masks = 'dice' in told;
  const known = masks ? OF_MASKS : OF_WORDS;
  const values: Figures['values'] = {};
  for (const name of Object.keys(told)) {
    const one = name in known || (masks && isClass(name)) ? estimate(told[name]) : null;
    if (one) values[name] = one;
  }
  const rows = Array.isArray(told['per_class']) ? (told['per_class'] as Free[]) : [];
  return {
    n,
    masks,
    values,
    perClass: rows.map((row) => classRow(row, masks)),
    leaked: Number(told['leaked'] ?? 0),
    unreadable: Number(told['unreadable'] ?? 0),
    worst: masks ? worst(told['examples']) : [],
    threshold: masks && typeof told['threshold'] === 'number' ? told['threshold'] : null,
    notes: masks ? String(told['notes'] ?? '') : '',
  };
}

function worst(examples: unknown): Figures['worst'] {
  const rows = ((examples ?? {}) as Free)['worst'];
  if (!Array.isArray(rows)) return [];
  return (rows as Free[]).map((row) => ({
    id: typeof row['image_id'] === 'string' ? row['image_id'] : null,
    name: String(row['name']),
    dice: Number(row['dice']),
  }));
}

function classRow(row: Free, masks: boolean): ClassRow {
  const intervals = (row['intervals'] ?? {}) as Record<string, [number | null, number | null] | undefined>;
  const one = (name: string) => estimate({ value: row[name], low: intervals[name]?.[0], high: intervals[name]?.[1] });
  return {
    name: String(row['class']),
    n: Number(row['n']),
    precision: one('precision'),
    recall: one('recall'),
    f1: one('f1'),
    ...(masks && { dice: one('dice'), iou: one('iou') }),
  };
}

/** The one figure that stands for all of them. */
export interface Headline {
  title: string;
  one: Interval;
  /** As in a table: "95.1 % (92.0–97.8)" or "0.871 (0.790–0.912)". */
  text: string;
  /** After "It": "answers 95.1 % (92.0–97.8) of 30 held-out pictures right". */
  deed: string;
}

/** The accuracy, or the Dice of masks; undefined where there is none. */
export function headline(found: Figures | undefined): Headline | undefined {
  const one = found?.values[found.masks ? 'dice' : 'accuracy'];
  if (!found || !one) return undefined;
  const text = interval(one, !found.masks);
  const n = count(found.n);
  return found.masks
    ? { title: 'Dice', one, text, deed: `marks ${n} held-out pictures with a Dice of ${text}` }
    : { title: 'Accuracy', one, text, deed: `answers ${text} of ${n} held-out pictures right` };
}

/** The figures on the test side that a version keeps. */
export function testFigures(metrics: Free): Figures | undefined {
  return figures(metrics['test']);
}

/** What an 8-bit copy of a model does to it; null where something was not measured. */
export interface Int8 {
  kept: boolean;
  reason: string | null;
  accuracy: number | null;
  accuracy_int8: number | null;
  ms: number | null;
  ms_int8: number | null;
  bytes: number | null;
  bytes_int8: number | null;
}

/** The figures of a version's 8-bit copy; undefined where none was made. */
export function int8Of(metrics: Free): Int8 | undefined {
  const found = ((metrics['training'] ?? {}) as Free)['int8'] as Free | undefined;
  if (!found || typeof found['kept'] !== 'boolean') return undefined;
  const number = (name: string) => (typeof found[name] === 'number' ? found[name] : null);
  return {
    kept: found['kept'],
    reason: typeof found['reason'] === 'string' ? found['reason'] : null,
    accuracy: number('accuracy'),
    accuracy_int8: number('accuracy_int8'),
    ms: number('ms'),
    ms_int8: number('ms_int8'),
    bytes: number('bytes'),
    bytes_int8: number('bytes_int8'),
  };
}

/** A parameter's value as text. */
export function shown(value: unknown): string {
  if (value === null || value === undefined || value === '') return '–';
  if (Array.isArray(value)) return value.map(shown).join(', ');
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

export interface Row {
  name: string;
  a: string;
  b: string;
  /** Only one of them has it. */
  alone: boolean;
}

/** Rows of parameters in which two versions or runs differ, by name. */
export function differing(a: Free, b: Free): Row[] {
  const names = [...new Set([...Object.keys(a), ...Object.keys(b)])].sort();
  return names
    .map((name) => ({ name, a: shown(a[name]), b: shown(b[name]), alone: !(name in a && name in b) }))
    .filter((row) => row.a !== row.b);
}
