import { expect, test } from 'vitest';
import { failure, isOver, remedy, share, stage, title } from './jobs';

const job = { kind: 'train', params: {}, step: 1, steps: ['snapshot', 'train'], progress: 0.5 };

test('a running job says which of its steps it is at', () => {
  expect(stage({ ...job, state: 'running' })).toBe('step 2 of 2: train');
  expect(stage({ ...job, steps: ['judge'], step: 0, state: 'running' })).toBe('judge');
});

test('a job that ended says where', () => {
  expect(stage({ ...job, state: 'failed' })).toBe('failed in step 2 of 2: train');
  expect(stage({ ...job, step: 2, state: 'done' })).toBe('all 2 steps done');
  expect(isOver({ state: 'cancelled' })).toBe(true);
  expect(isOver({ state: 'queued' })).toBe(false);
});

test('a step that has reported nothing has no known share', () => {
  expect(share({ state: 'running', progress: 0 })).toBeNull();
  expect(share({ state: 'queued', progress: 0 })).toBe(0);
  expect(share({ state: 'done', progress: 0.3 })).toBe(1);
});

test('a title names what the job is about', () => {
  expect(title({ kind: 'train', params: { family: 'linear' } })).toBe('Training · linear');
  expect(title({ kind: 'evaluate', params: { version: 3, path: 'x.zip' } })).toBe('Evaluation · version 3 on a ZIP');
  expect(title({ kind: 'something new', params: {} })).toBe('something new');
});

test('running out of memory has its own advice', () => {
  expect(remedy({ kind: 'train', error: 'worker was killed by signal 9' })).toContain('smaller batch');
  expect(remedy({ kind: 'train', error: 'no local weights for backbone' })).toContain('starting weights');
});

test('a failed import does not speak of a file by the name that only the server knows', () => {
  expect(failure({ error: "'01m7x41gm7eagg2jb4ynwgd0xt.zip' is not a readable ZIP." })).toBe(
    'the ZIP is not a readable ZIP.',
  );
  expect(failure({ error: null })).toBe('It ended without a reason.');
});
