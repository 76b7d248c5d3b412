/** The settings of the loop: what they are called, what they may be, and how they are typed. */

export interface NumberRule {
  key: string;
  label: string;
  hint: string;
  low: number;
  high: number;
  /** What holds where nobody chose; null is typed as nothing. */
  usual: number | null;
  whole?: boolean;
  /** Held as a share and typed as percent. */
  percent?: boolean;
}
export interface SwitchRule {
  key: string;
  label: string;
  note: string;
  /** On where nobody chose. */
  usual?: boolean;
}
export interface ChoiceRule {
  key: string;
  label: string;
  hint: string;
  /** The first one is usual. */
  options: readonly { value: string; text: string }[];
}
export interface Rules {
  numbers: readonly NumberRule[];
  switches: readonly SwitchRule[];
  choices: readonly ChoiceRule[];
}
export type Held = Record<string, number | string | boolean | null>;

/** When a project learns again. */
export function learning(masks: boolean): Rules {
  return {
    switches: [
      {
        key: 'retrain_automatically',
        label: 'Retrain by itself when a rule says so',
        note: 'Which rules there are, and what each still lacks, stands on the page Train. Drift alone never retrains.',
      },
      {
        key: 'second_opinion',
        label: 'Ask for a second opinion',
        note: 'A reviewer’s correction teaches only once somebody else agrees, or it was the model’s second guess.',
      },
    ],
    numbers: [
      {
        key: 'min_samples_for_retraining',
        label: masks
          ? 'Corrected masks that make a retraining worthwhile'
          : 'New labels that make a training worthwhile',
        hint: 'Counted since the live model learnt; you may train earlier.',
        low: 1,
        high: 1_000_000,
        usual: 50,
        whole: true,
      },
      {
        key: 'cool_down_days',
        label: 'Days between two trainings by itself',
        hint: 'The button always works.',
        low: 0,
        high: 365,
        usual: 7,
      },
      {
        key: 'budget_hours',
        label: 'Hours of training by itself in 30 days',
        hint: 'When they are used up, it waits for a person.',
        low: 0,
        high: 10_000,
        usual: 24,
      },
      {
        key: 'new_share',
        label: 'Weight of new pictures, in %',
        hint: 'The rest is what was learnt before, so that nothing is forgotten. At most 50.',
        low: 0,
        high: 0.5,
        usual: 0.3,
        percent: true,
      },
    ],
    choices: [],
  };
}

/** When a change of the pictures is told, and what a new version must pass. */
export const WATCHING: Rules = {
  choices: [
    {
      key: 'drift_check',
      label: 'Check for drift',
      hint: 'Once 100 new pictures have come in.',
      options: [
        { value: 'daily', text: 'once a day' },
        { value: 'off', text: 'only when somebody asks' },
      ],
    },
    {
      key: 'rollout',
      label: 'A version that promotes itself goes live',
      hint: 'Either way it is watched, and rolled back by itself where it does worse.',
      options: [
        { value: 'direct', text: 'at once' },
        { value: 'shadow', text: 'after answering in the shadow of the live one' },
      ],
    },
  ],
  switches: [
    {
      key: 'promote_automatically',
      label: 'Promote by itself what passes the gate',
      note: 'Otherwise a better version waits as a candidate until somebody promotes it.',
      usual: true,
    },
  ],
  numbers: [
    {
      key: 'drift_threshold',
      label: 'How strict the drift alarm is',
      hint: 'The nominal chance of a false alarm; 0.05 means about three in two years. Lower is quieter.',
      low: 0.0001,
      high: 0.5,
      usual: 0.05,
    },
    {
      key: 'margin',
      label: 'What a promotion may lose, in points',
      hint: 'Empty: 1 point from 1,500 test pictures on, 3 below (of Dice: 1).',
      low: 0.0001,
      high: 0.2,
      usual: null,
      percent: true,
    },
  ],
};

/** What holds now, of all that `rules` name. */
export function heldOf({ numbers, switches, choices }: Rules, settings: Record<string, unknown>): Held {
  return Object.fromEntries<Held[string]>([
    ...numbers.map(({ key, usual }) => [key, (settings[key] as number | null | undefined) ?? usual] as const),
    ...switches.map(({ key, usual }) => [key, (settings[key] ?? usual) === true] as const),
    ...choices.map(({ key, options }) => [key, String(settings[key] ?? options[0]!.value)] as const),
  ]);
}

/** A number as it is typed. */
export function text({ percent }: NumberRule, value: number | null): string {
  if (value === null) return '';
  return String(+(percent ? 100 * value : value).toPrecision(6));
}

/** What was typed as a value, or what is wrong with it. */
export function value(rule: NumberRule, typed: string): { value?: number | null; wrong?: string } {
  const { low, high, whole, usual } = rule;
  if (typed.trim() === '' && usual === null) return { value: null };
  const given = Number(typed.replace(',', '.'));
  const n = rule.percent ? given / 100 : given;
  const fits = typed.trim() !== '' && n >= low && n <= high && (!whole || Number.isInteger(n));
  const between = [low, high].map((bound) =>
    Number(text(rule, bound)).toLocaleString('en', { maximumFractionDigits: 6 }),
  );
  return fits ? { value: n } : { wrong: `A ${whole ? 'whole ' : ''}number from ${between.join(' to ')}.` };
}
