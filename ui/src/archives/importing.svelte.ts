/** A ZIP on its way into a project: first what importing it would do, then, if people agree, the import itself. */
import { api, must, type Job } from '$/api/client';
import { problem, type Problem } from '$/api/problem';
import { wait } from '$/app/wait';
import { isOver } from '$/jobs/jobs';
import { namedProblem, type Plan, type Report } from './archive';
import { sendArchive } from './sending';

/** What it needs of the world around it. */
export interface Road {
  send: typeof sendArchive;
  job: (id: string, signal: AbortSignal) => Promise<Job>;
  wait: typeof wait;
}

interface Options {
  file?: File | undefined;
  /** Of every picture that names none itself. */
  site?: string;
  /** Told the id of every job that begins, so that a page can find it again. */
  begun?: (id: string) => void;
  done?: (report: Report) => void;
}

const ROAD: Road = {
  send: sendArchive,
  job: (id, signal) => must(api.GET('/api/v1/jobs/{job_id}', { params: { path: { job_id: id } }, signal })),
  wait,
};
const LOOK_EVERY = 700; // milliseconds
const TRY_EVERY = 5000; // milliseconds, while nobody answers

export class ArchiveImport {
  stage = $state<'empty' | 'looking' | 'planned' | 'importing' | 'done' | 'failed'>('empty');
  /** Not there where the job is one of an earlier page. */
  file = $state.raw<File>();
  /** 0..1 of the bytes of the ZIP that are on their way, null when they are there. */
  sent = $state<number | null>(null);
  job = $state.raw<Job>();
  plan = $state.raw<Plan>();
  report = $state.raw<Report>();
  /** Why it failed. */
  problem = $state.raw<Problem>();
  /** Why nothing is heard of the job for the moment. */
  trouble = $state.raw<Problem>();
  #stop = new AbortController();

  constructor(
    readonly project: string,
    readonly options: Options = {},
    readonly road: Road = ROAD,
  ) {
    this.file = options.file;
  }

  /** Whether leaving the page would lose something. */
  get sending(): boolean {
    return this.sent !== null;
  }

  get going(): boolean {
    return this.stage === 'looking' || this.stage === 'importing';
  }

  /** Ask what would happen to `file`; nothing is written. */
  look(file = this.file): Promise<void> {
    this.file = file;
    this.plan = undefined;
    this.stage = 'looking';
    return this.#carry((signal) => this.#send({ dry_run: 'true' }, signal));
  }

  /** Import; `newClasses` agrees to the classes that the plan names as new. */
  begin(newClasses: boolean): Promise<void> {
    this.stage = 'importing';
    const { site } = this.options;
    return this.#carry((signal) => this.#send({ new_classes: String(newClasses), ...(site ? { site } : {}) }, signal));
  }

  /** Take up the job of an earlier page, be it a plan or an import. */
  follow(id: string): Promise<void> {
    this.stage = 'looking';
    return this.#carry(async () => id);
  }

  /** Stop sending and looking; a job that runs already goes on. */
  cancel(): void {
    this.#stop.abort();
    this.sent = null;
  }

  /** Be ready for another ZIP. */
  clear(): void {
    this.cancel();
    this.stage = 'empty';
    this.file = this.plan = this.report = this.problem = this.job = undefined;
  }

  async #carry(start: (signal: AbortSignal) => Promise<string>): Promise<void> {
    this.cancel();
    const { signal } = (this.#stop = new AbortController());
    this.problem = this.trouble = this.job = undefined;
    try {
      this.#ended(await this.#end(await start(signal), signal));
    } catch (cause) {
      if (signal.aborted) return;
      this.problem = namedProblem(problem(cause), this.file?.name);
      this.stage = 'failed';
      this.sent = null;
    }
  }

  async #send(query: Record<string, string>, signal: AbortSignal): Promise<string> {
    if (!this.file) throw problem({ detail: 'Choose the ZIP first.', status: 422 });
    const path = `/api/v1/projects/${encodeURIComponent(this.project)}/imports?${new URLSearchParams(query)}`;
    this.sent = 0;
    const { id } = await this.road.send(path, this.file, { progress: (share) => (this.sent = share), signal });
    this.sent = null;
    this.options.begun?.(id);
    return id;
  }

  /** The job when it is over; while the server is away it is asked again and again. */
  async #end(id: string, signal: AbortSignal): Promise<Job> {
    for (;;) {
      try {
        const job = await this.road.job(id, signal);
        signal.throwIfAborted();
        this.trouble = undefined;
        this.job = job;
        this.stage = job.params['dry_run'] ? 'looking' : 'importing';
        if (isOver(job)) return job;
      } catch (cause) {
        signal.throwIfAborted();
        const told = problem(cause);
        if (!told.passing) throw told;
        this.trouble = told;
      }
      await this.road.wait(this.trouble ? TRY_EVERY : LOOK_EVERY, signal);
    }
  }

  #ended(job: Job): void {
    if (job.state !== 'done') throw problem({ detail: job.error ?? `The import was ${job.state}.`, status: 422 });
    if (this.stage === 'looking') {
      this.plan = job.context['import'] as unknown as Plan;
      this.stage = 'planned';
    } else {
      this.report = job.context['import'] as unknown as Report;
      this.stage = 'done';
      this.options.done?.(this.report);
    }
  }
}
