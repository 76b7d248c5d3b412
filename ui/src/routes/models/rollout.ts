/** What follows a promotion, in the page's words. */
import type { Schemas } from '$/api/client';

export type Rollout = Schemas['Rollout'];
export type PastRollout = Schemas['RolloutPast'];
export type RolloutState = Rollout['state'];
export type RolloutKind = PastRollout['kind'];

type Told = Pick<PastRollout, 'kind' | 'version'> & { state: RolloutState };

/** The state as a badge; a shadow that goes on is no watch. */
export function stateOf({ state, kind }: { state: RolloutState; kind: RolloutKind | null }) {
  if (state === 'watching') return { kind: 'accent', text: kind === 'shadow' ? 'in shadow' : 'being watched' } as const;
  return STATES[state];
}

const STATES = {
  none: { kind: 'plain', text: 'nothing' },
  passed: { kind: 'good', text: 'passed' },
  rolled_back: { kind: 'bad', text: 'rolled back' },
  ended: { kind: 'plain', text: 'ended' },
  refused: { kind: 'warn', text: 'refused' },
} as const;

/** What is looked at, by the name of its rule. */
export const LOOKED_AT: Record<string, string> = {
  errors: 'Failures',
  latency: 'Speed',
  corrections: 'Corrections',
  classes: 'Classes',
  accuracy: 'Accuracy',
};

/** The heading: which version, and what is or was done with it. */
export function heading({ state, kind, version }: Told): string {
  const name = version === null ? 'A version' : `Version ${version}`;
  const shadow = kind === 'shadow';
  switch (state) {
    case 'watching':
      return shadow ? `${name} is tried in shadow` : `${name} is being watched`;
    case 'passed':
      return shadow ? `${name} passed its shadow and went live` : `${name} kept its promise`;
    case 'rolled_back':
      return `${name} was rolled back by itself`;
    case 'refused':
      return `${name} did not leave the shadow`;
    case 'ended':
      return shadow ? `The shadow of ${name.toLowerCase()} was ended` : `The watch of ${name.toLowerCase()} was ended`;
    default:
      return 'After a promotion';
  }
}
