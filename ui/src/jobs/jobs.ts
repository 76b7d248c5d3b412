/** Jobs in words: what they do and how far they are. */
import type { Job } from '$/api/client';
import { named } from '$/archives/archive';

export const STATES = ['running', 'queued', 'done', 'failed', 'cancelled'] as const;
export type State = (typeof STATES)[number];

const KINDS: Record<string, string> = {
  train: 'Training',
  import: 'Import',
  export: 'Export',
  evaluate: 'Evaluation',
  rescore: 'New answers from the live model',
  score: 'First answers for new pictures',
  agree: 'Masks of people and model at a new threshold',
  backup: 'Backup',
  check: 'Check of the storage',
  demo: 'Demonstration',
  tune: 'Search',
  gate: 'Verdict of the gate',
  drift: 'Drift check',
};

const STEPS: Record<string, string> = {
  snapshot: 'freeze the labels',
  train: 'train',
  evaluate: 'judge on held-out pictures',
  register: 'register the version',
  import: 'store the pictures',
  score: 'ask the model',
  describe: 'measure image quality',
  rescore: 'ask the live model',
  judge: 'judge',
  agree: 'compare masks',
  export: 'write the ZIP',
  backup: 'write the backup',
  check: 'compare files and rows',
  draw: 'draw pictures',
  search: 'try settings',
  gate: 'compare with the live version',
  drift: 'compare with held-out pictures',
};

/** A step as people say it; one that nobody named here keeps its own word. */
export function stepName(step: string): string {
  return STEPS[step] ?? step;
}

/** What a job is: "Training · linear", "Import · birds.zip", "Evaluation · version 3 on held-out pictures". */
export function title(job: Pick<Job, 'kind' | 'params'>): string {
  const about = detail(job);
  return (KINDS[job.kind] ?? job.kind) + (about ? ` · ${about}` : '');
}

function detail({ kind, params }: Pick<Job, 'kind' | 'params'>): string {
  const path = typeof params['path'] === 'string' ? params['path'].replace(/^.*\//, '') : '';
  if (kind === 'train' || kind === 'tune') return String(params['family'] ?? '');
  if (kind === 'evaluate') return `version ${params['version']} on ${path ? 'a ZIP' : 'held-out pictures'}`;
  if (kind === 'import') return params['dry_run'] ? 'only a plan' : 'a ZIP';
  if (kind === 'demo') return String(params['kind'] ?? '');
  if (kind === 'check')
    return [params['repair'] && 'repair', params['deep'] && 'every file'].filter(Boolean).join(', ');
  return '';
}

export function isOver(job: Pick<Job, 'state'>): boolean {
  return job.state === 'done' || job.state === 'failed' || job.state === 'cancelled';
}

/** The stage: "step 2 of 4: train"; a job with one step says only what it does. */
export function stage(job: Pick<Job, 'state' | 'step' | 'steps'>): string {
  if (job.state === 'queued') return job.step ? `waits to go on with ${current(job)}` : 'waits for its turn';
  if (job.state === 'done')
    return job.steps.length > 1 ? `all ${job.steps.length} steps done` : `${stepName(job.steps[0] ?? '')}: done`;
  const where = current(job);
  if (job.state === 'running') return where;
  return `${job.state === 'failed' ? 'failed' : 'stopped'} in ${where}`;
}

function current({ step, steps }: Pick<Job, 'step' | 'steps'>): string {
  const name = stepName(steps[step] ?? '');
  return steps.length > 1 ? `step ${step + 1} of ${steps.length}: ${name}` : name;
}

/** How far the current step is (0..1); null while that is not known. */
export function share(job: Pick<Job, 'state' | 'progress'>): number | null {
  if (job.state === 'done') return 1;
  if (job.state === 'queued') return 0;
  return job.state === 'running' && job.progress === 0 ? null : job.progress;
}

/** Why a job failed. */
export function failure({ error }: Pick<Job, 'error'>): string {
  return named(error ?? 'It ended without a reason.');
}

/** What to do about a job that failed. */
export function remedy(job: Pick<Job, 'kind' | 'error'>): string {
  const said = job.error ?? '';
  if (/memory|killed|signal 9/i.test(said))
    return 'The machine ran out of memory. Train with a smaller batch, input size or backbone, then try again.';
  if (/no space|disk/i.test(said)) return 'The disk is full. Free some space, then try again.';
  if (/weights/i.test(said))
    return 'Choose other starting weights: a file on the server, a download, or from scratch with a small network.';
  if (job.kind === 'import')
    return 'Look at the file that the message names; what was stored already is not sent again.';
  return 'Look at the log below. Trying again begins with the same parameters.';
}
