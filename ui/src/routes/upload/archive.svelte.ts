/** A ZIP on its way into a project: first what importing it would do, then, if people agree, the import itself. */
import { api, must, type Job } from '$/api/client';
import { Problem, problem } from '$/api/problem';
import { good, post } from './post';

/** What importing a ZIP would do, from its names alone. */
export interface Plan {
  layout: 'classes' | 'splits' | 'table' | 'flat';
  pictures: number;
  labelled: number;
  classes: Record<string, number>;
  new_classes: string[];
  /** The project has classes already, so new ones must be agreed to. */
  closed: boolean;
  splits: Record<string, Record<string, number>>;
  skipped_count: number;
  skipped: { path: string; reason: string }[];
}

/** What an import did. */
export interface Report {
  total: number;
  stored: number;
  duplicate: number;
  failed: number;
  failures: { path: string; reason: string }[];
  skipped_count: number;
  skipped: { path: string; reason: string }[];
  at_odds: unknown[];
}

const LOOK_EVERY = 700; // milliseconds

export class ArchiveImport {
  stage = $state<'looking' | 'planned' | 'importing' | 'done' | 'failed'>('looking');
  /** 0..1 of the bytes of the ZIP that are on their way, null when they are there. */
  sent = $state<number | null>(0);
  job = $state.raw<Job>();
  plan = $state.raw<Plan>();
  report = $state.raw<Report>();
  problem = $state.raw<Problem>();
  #stop = new AbortController();

  constructor(
    readonly project: string,
    readonly file: File,
    readonly site: string,
  ) {}

  /** Whether leaving the page would lose something. */
  get sending(): boolean {
    return (this.stage === 'looking' || this.stage === 'importing') && this.sent !== null;
  }

  /** Ask what would happen; nothing is written. */
  look(): Promise<void> {
    this.stage = 'looking';
    return this.#carry({ dry_run: 'true' }, (found) => {
      this.plan = found as Plan;
      this.stage = 'planned';
    });
  }

  /** Import; `newClasses` agrees to the classes that the plan names as new. */
  begin(newClasses: boolean): Promise<void> {
    this.stage = 'importing';
    const site: Record<string, string> = this.site ? { site: this.site } : {};
    return this.#carry({ new_classes: String(newClasses), ...site }, (found) => {
      this.report = found as Report;
      this.stage = 'done';
    });
  }

  /** Stop sending; a job that runs already goes on. */
  cancel(): void {
    this.#stop.abort();
  }

  async #carry(query: Record<string, string>, done: (found: unknown) => void): Promise<void> {
    this.problem = this.job = undefined;
    this.sent = 0;
    try {
      const path = `/api/v1/projects/${encodeURIComponent(this.project)}/imports?${new URLSearchParams(query)}`;
      const { signal } = this.#stop;
      const progress = (bytes: number) => (this.sent = Math.min(1, bytes / Math.max(1, this.file.size)));
      const headers = { 'Content-Type': 'application/zip' };
      this.job = good<Job>(await post(path, this.file, { headers, progress, signal }));
      this.sent = null;
      const job = await this.#end(this.job.id);
      if (job.state !== 'done') throw problem({ detail: job.error ?? `The import was ${job.state}.`, status: 422 });
      done(job.context['import']);
    } catch (cause) {
      this.problem = this.#named(problem(cause));
      this.stage = 'failed';
    }
    this.sent = null;
  }

  /** The server calls the file by a name of its own; people know theirs. */
  #named({ status, detail, hint }: Problem): Problem {
    return new Problem(status, detail.replace(/'[0-9a-z]{26}\.zip'/, `'${this.file.name}'`), hint);
  }

  async #end(id: string): Promise<Job> {
    for (;;) {
      const params = { path: { job_id: id } };
      this.job = await must(api.GET('/api/v1/jobs/{job_id}', { params, signal: this.#stop.signal }));
      if (this.job.finished_at !== null) return this.job;
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY));
    }
  }
}
