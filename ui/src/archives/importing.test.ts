import { describe, expect, it } from 'vitest';
import type { Job } from '$/api/client';
import { Problem } from '$/api/problem';
import { ArchiveImport, type Road } from './importing.svelte';

const ZIP = new File(['PK'], 'birds.zip');
const PLAN = { pictures: 2, new_classes: ['tit'], closed: true };
const REPORT = { total: 2, stored: 2, duplicate: 0, failed: 0 };

/** A server that reads every ZIP with one question in between; `tell` is what it answers to questions, in order. */
class Server implements Road {
  paths: string[] = [];
  waits: number[] = [];
  constructor(readonly tell: (Partial<Job> | Problem)[]) {}

  send: Road['send'] = async (path, _file, { progress }) => {
    this.paths.push(path);
    progress(1);
    return { id: `job-${this.paths.length}` } as Job;
  };
  job: Road['job'] = async (id) => {
    const next = this.tell.shift() ?? new Problem(500, 'asked too often');
    if (next instanceof Problem) throw next;
    return { id, params: {}, context: {}, ...next } as Job;
  };
  wait: Road['wait'] = async (milliseconds, signal) => {
    this.waits.push(milliseconds);
    signal.throwIfAborted();
  };
}

const planned = { state: 'done', params: { dry_run: true }, context: { import: PLAN } } as Partial<Job>;
const imported = { state: 'done', context: { import: REPORT } } as Partial<Job>;
const running = { state: 'running' } as Partial<Job>;

describe('a ZIP', () => {
  it('is looked into before it is imported, and every job is made known', async () => {
    const server = new Server([planned, running, imported]);
    const begun: string[] = [];
    const archive = new ArchiveImport('a b', { file: ZIP, site: 'north', begun: (id) => begun.push(id) }, server);
    await archive.look();
    expect(archive).toMatchObject({ stage: 'planned', plan: PLAN, sending: false });
    await archive.begin(true);
    expect(archive).toMatchObject({ stage: 'done', report: REPORT });
    expect(server.paths).toEqual([
      '/api/v1/projects/a%20b/imports?dry_run=true',
      '/api/v1/projects/a%20b/imports?new_classes=true&site=north',
    ]);
    expect(begun).toEqual(['job-1', 'job-2']);
  });

  it('is taken up again by its job, be it a plan or an import', async () => {
    const done: unknown[] = [];
    const archive = new ArchiveImport(
      'birds',
      { done: (report) => done.push(report) },
      new Server([planned, imported]),
    );
    await archive.follow('job-7');
    expect(archive).toMatchObject({ stage: 'planned', plan: PLAN, file: undefined });
    await archive.follow('job-8');
    expect(archive).toMatchObject({ stage: 'done', report: REPORT });
    expect(done).toEqual([REPORT]);
  });

  it('is followed further after the server was away', async () => {
    const server = new Server([running, new Problem(0, 'The server does not answer.'), imported]);
    const archive = new ArchiveImport('birds', {}, server);
    await archive.follow('job-1');
    expect(archive).toMatchObject({ stage: 'done', trouble: undefined });
    expect(server.waits).toEqual([700, 5000]);
  });

  it('that fails is called by the name that its person gave it', async () => {
    const error = "'01m7x41gm7eagg2jb4ynwgd0xt.zip' holds no picture.";
    const archive = new ArchiveImport('birds', { file: ZIP }, new Server([{ state: 'failed', error }]));
    await archive.look();
    expect(archive).toMatchObject({ stage: 'failed', sending: false });
    expect(archive.problem?.detail).toBe("'birds.zip' holds no picture.");
  });

  it('whose job was stopped or is unknown is no longer under way', async () => {
    const archive = new ArchiveImport(
      'birds',
      {},
      new Server([{ state: 'cancelled', error: null }, new Problem(404, 'no such job.')]),
    );
    await archive.follow('job-1');
    expect(archive).toMatchObject({ stage: 'failed', problem: { detail: 'The import was cancelled.' } });
    await archive.follow('job-2');
    expect(archive).toMatchObject({ stage: 'failed', problem: { detail: 'no such job.' } });
  });

  it('that is put away changes nothing any more', async () => {
    const server = new Server([running, imported]);
    const archive = new ArchiveImport('birds', { file: ZIP }, server);
    const going = archive.begin(false);
    archive.clear();
    await going;
    expect(archive).toMatchObject({ stage: 'empty', file: undefined, report: undefined, problem: undefined });
  });
});
