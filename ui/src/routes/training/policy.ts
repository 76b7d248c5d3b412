/** Whether a project would learn again by itself now: the rules, what holds it back, and what it would learn. */
import { api, must, type Schemas } from '$/api/client';

export type Rule = Schemas['PolicyRule'];

const RULES: Record<string, string> = {
  performance: 'Accuracy has dropped',
  covariate: 'Changed pictures are labelled',
  corrections: 'Corrections',
  class: 'Corrections of one class',
  labels: 'New labels',
};
const HOLDS: Record<string, string> = {
  automatic_off: 'Not by itself',
  running: 'Busy',
  cool_down: 'Cool-down',
  budget: 'Budget',
  challenger: 'A version waits',
  tried: 'Tried already',
  no_model: 'No live model',
  nothing: 'Nothing to learn from',
};

export function policy(project: string, signal: AbortSignal): Promise<Schemas['PolicyShape']> {
  return must(api.GET('/api/v1/projects/{project}/retrain', { params: { path: { project } }, signal }));
}

/** What a rule is about. */
export function ruleName(name: string): string {
  return RULES[name] ?? name;
}

/** What keeps a training from starting by itself, in a word or two. */
export function holdName(name: string): string {
  return HOLDS[name] ?? name;
}

/** What becomes of a version that learns on, by the settings of its project. */
export function result(settings: Record<string, unknown>): string {
  const judged = 'The live version goes on learning from all that was said, and is judged on held-out pictures. ';
  return settings['promote_automatically'] === false
    ? `${judged}Where the gate finds the new one better, it waits until somebody promotes it.`
    : `${judged}The new one goes live by itself where the gate finds it better.`;
}

/** How far a rule is (0 to 1); null where it has no count. */
export function far({ value, wanted, met }: Pick<Rule, 'value' | 'wanted' | 'met'>): number | null {
  if (met) return 1;
  return wanted ? Math.min(1, value / wanted) : null;
}
