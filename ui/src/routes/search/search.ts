/** A search for better parameters: its trials, and what they tell. */
import type { Job } from '$/api/client';
import { shown } from '../models/figures';

export interface Axis {
  name: string;
  kind: 'float' | 'int' | 'choice';
  low: number | null;
  high: number | null;
  log: boolean;
  choices: unknown[] | null;
}
export interface Trial {
  number: number;
  state: 'running' | 'done' | 'pruned' | 'failed';
  params: Record<string, unknown>;
  value: number | null;
  seconds: number | null;
  epochs: { epoch: number; value: number }[];
}
export interface Search {
  job_id: string;
  state: Job['state'];
  progress: number;
  message: string;
  family: string;
  measure: string;
  wanted: number;
  space: Axis[];
  trials: Trial[];
  best: number | null;
  importance: Record<string, number> | null;
  version: number | null;
}
export interface Listing {
  job_id: string;
  family: string;
  state: Job['state'];
  trials: number;
  wanted: number;
  best: { number: number; value: number } | null;
  version: number | null;
  created_at: string;
}

export const STATES = { running: 'accent', done: 'good', pruned: 'plain', failed: 'bad' } as const;
export const WORDS = { running: 'runs', done: 'done', pruned: 'stopped early', failed: 'failed' } as const;

/** The best first, then those still running, then those without a value. */
export function ranked(trials: readonly Trial[]): Trial[] {
  const rank = (one: Trial) => (one.state === 'running' ? 1 : one.value === null ? 2 : 0);
  return [...trials].sort((a, b) => rank(a) - rank(b) || (b.value ?? 0) - (a.value ?? 0) || a.number - b.number);
}

/** How many trials are over. */
export function over(trials: readonly Trial[]): number {
  return trials.filter((one) => one.state !== 'running').length;
}

/** Where a value stands on its axis, 0..1; null where the trial has none. */
export function place(axis: Axis, value: unknown): number | null {
  if (value === undefined || value === null) return null;
  if (axis.choices) {
    const at = axis.choices.findIndex((one) => shown(one) === shown(value));
    return at < 0 ? null : axis.choices.length < 2 ? 0.5 : at / (axis.choices.length - 1);
  }
  const { low, high } = axis;
  if (low === null || high === null || typeof value !== 'number' || high <= low) return 0.5;
  const scale = axis.log ? Math.log : (x: number) => x;
  return Math.min(1, Math.max(0, (scale(value) - scale(low)) / (scale(high) - scale(low))));
}

/** The best value so far after each trial that has one, in the order in which they were begun. */
export function soFar(trials: readonly Trial[]): { x: number[]; each: number[]; best: number[] } {
  const found = trials
    .filter((one) => one.value !== null && one.state !== 'running')
    .toSorted((a, b) => a.number - b.number);
  const each = found.map((one) => one.value!);
  const best: number[] = [];
  for (const value of each) best.push(Math.max(value, best.at(-1) ?? -Infinity));
  return { x: found.map((one) => one.number + 1), each, best };
}

/** A parameter's value in a table: short, but telling. */
export function written(value: unknown): string {
  if (typeof value !== 'number' || Number.isInteger(value)) return shown(value);
  return Math.abs(value) < 0.001 ? value.toExponential(1) : String(+value.toPrecision(3));
}
