/** What the server says of a project's cascade, and how that is put into words. */
import { estimate } from '../models/figures';
import { count, counted, percent, type Interval } from '$/app/words';

export interface Bin {
  low: number;
  high: number;
  n: number;
  wrong: number;
  rescued: number;
}
export interface Human {
  threshold: number | null;
  epsilon: number;
  n: number;
  k: number;
  share: number;
}
export interface Allowed {
  epsilon: number;
  /** Pictures that a promise of this size needs, without and with one or two answers that the other would have saved. */
  needed: number;
  needed_1: number;
  needed_2: number;
  possible: boolean;
  /** What the fast model would answer under it, on the pictures that certified. */
  share_fast: number;
}
export interface Certificate {
  epsilon: number;
  delta: number;
  form: string;
  /** The fast model answers from this confidence on; null where it never does. */
  threshold: number | null;
  n: number;
  k: number;
  share_fast: number;
  needed: number;
  human: Human | null;
  cost: { fast_ms: number; accurate_ms: number; cascade_ms: number; saved_share: number };
  histogram: Bin[];
  allows: Allowed[];
  reason: string | null;
}
export interface Member {
  version: number;
  family: string;
  backbone: string;
  accuracy: unknown;
  ms: number | null;
}
export interface Candidate extends Member {
  /** Pictures that could certify it, because it never met them. */
  certifies: number;
}
export interface Audit {
  n: number;
  disagreements: number;
  verdict: 'holds' | 'undecided' | 'broken';
  sentence: string;
}
export interface Report {
  active: boolean;
  version: number | null;
  certificate: Certificate | null;
  members: { fast: Member; accurate: Member } | null;
  live: { answers: number; fast: number; accurate: number; human: number; audited: number } | null;
  audit: Audit | null;
  candidates: Candidate[];
  pictures: { certification: number; needed: number };
  reason: string | null;
}

export type Cost = Certificate['cost'];

/** What is promised, in one sentence. */
export function promise({ epsilon, delta, threshold, reason }: Certificate): string {
  if (threshold === null) return reason ?? 'Nothing is promised yet: every picture goes to the accurate model.';
  const points = percent(epsilon).replace(' %', '');
  return `Together they are at most ${points} points less accurate than the accurate model alone, with ${percent(1 - delta, 0)} certainty.`;
}

/** Who answers how many pictures, as shares that add up to 1. */
export function shares({ share_fast: fast, human }: Certificate): { name: string; key: Who; share: number }[] {
  const people = Math.min(human?.share ?? 0, 1 - fast);
  return [
    { name: 'Fast model', key: 'fast', share: fast },
    { name: 'Accurate model', key: 'accurate', share: Math.max(0, 1 - fast - people) },
    { name: 'People', key: 'human', share: people },
  ];
}
export type Who = 'fast' | 'accurate' | 'human';

/** Milliseconds as "0.5 ms" or "34 ms". */
export function time(ms: number): string {
  return `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;
}

/** What a picture costs, against the accurate model alone. */
export function saving({ cascade_ms: both, accurate_ms: alone, saved_share: saved }: Cost): string {
  const now = `${time(both)} of processor time per picture, ${time(alone)} with the accurate model alone`;
  return saved > 0 ? `${now}: ${percent(saved, 0)} saved.` : `${now}: nothing saved.`;
}

/** How many labelled pictures are still missing before a promise of this size can be made at all. */
export function missing({ certification, needed }: Report['pictures']): string | undefined {
  const more = needed - certification;
  return more > 0
    ? `${counted(certification, 'picture')} can certify; ${count(needed)} are needed for this promise: ${count(more)} more.`
    : undefined;
}

/** A member in a few words. */
export function named({ version, family, backbone }: Pick<Member, 'version' | 'family' | 'backbone'>): string {
  return `Version ${version} (${family}${backbone ? `, ${backbone}` : ''})`;
}

export function accuracyOf(one: Pick<Member, 'accuracy'>): Interval | null {
  return estimate(one.accuracy);
}

/** The bins from the first with a picture on. */
export function filledBins(bins: readonly Bin[]): Bin[] {
  const first = bins.findIndex((bin) => bin.n > 0);
  return first < 0 ? [] : bins.slice(first);
}

/** A share typed as percent: "2" → 0.02; undefined where it is none within the bounds (percent). */
export function shareOf(text: string, low: number, high: number): number | undefined {
  const number = Number(text.trim().replace(',', '.'));
  return text.trim() && number >= low && number <= high ? number / 100 : undefined;
}
