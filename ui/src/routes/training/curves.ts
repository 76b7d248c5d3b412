/** A run and its learning curves, out of the free JSON of the server. */

export interface Point {
  step: number;
  figures: Record<string, number | null>;
}

export interface Run {
  id: string;
  job_id: string | null;
  version: number | null;
  family: string;
  state: 'running' | 'done' | 'failed' | 'cancelled';
  params: Record<string, unknown>;
  metrics: Record<string, unknown>;
  created_by: string | null;
  by_name: string | null;
  started_at: string;
  finished_at: string | null;
  points?: Point[];
}

export interface Line {
  name: string;
  values: (number | null)[];
  dashed?: boolean;
}

export interface Curves {
  steps: number[];
  loss: Line[];
  accuracy: Line[];
  /** Of masks. */
  dice: Line[];
}

const LOSSES: [string, string][] = [
  ['loss', 'pictures that teach'],
  ['calibration_loss', 'pictures that calibrate'],
];
const ACCURACIES: [string, string][] = [
  ['accuracy', 'pictures that teach'],
  ['calibration_accuracy', 'pictures that calibrate'],
];
const DICES: [string, string][] = [['dice', 'pictures that calibrate']];

/** Loss and accuracy, or Dice, per step; `who` distinguishes several runs in one chart. */
export function curves(points: Point[], who = '', dashed = false): Curves {
  const line = ([key, title]: [string, string]) => ({
    name: who ? `${who}: ${title}` : title,
    values: points.map((point) => point.figures[key] ?? null),
    ...(dashed ? { dashed } : {}),
  });
  const used = (keys: [string, string][]) => keys.map(line).filter((one) => one.values.some((y) => y !== null));
  return {
    steps: points.map((point) => point.step),
    loss: used(LOSSES),
    accuracy: used(ACCURACIES),
    dice: used(DICES),
  };
}

/** Two sets of curves over the steps of both; a run that ended earlier has gaps after its end. */
export function together(a: Curves, b: Curves): Curves {
  const steps = [...new Set([...a.steps, ...b.steps])].sort((x, y) => x - y);
  const widen = (from: Curves, lines: Line[]) =>
    lines.map((line) => ({
      ...line,
      values: steps.map((step) => {
        const at = from.steps.indexOf(step);
        return at < 0 ? null : (line.values[at] ?? null);
      }),
    }));
  return {
    steps,
    loss: [...widen(a, a.loss), ...widen(b, b.loss)],
    accuracy: [...widen(a, a.accuracy), ...widen(b, b.accuracy)],
    dice: [...widen(a, a.dice), ...widen(b, b.dice)],
  };
}
