/** The project in view: shared by the frame and its pages, asked anew every few seconds so that counts stay live. */
import { getContext, setContext } from 'svelte';
import { api, must, type ProjectDetail } from '$/api/client';
import { problem, type Problem } from '$/api/problem';
import { atLeast, session, type Role } from './session.svelte';

const KEY = Symbol('project');
const EVERY = 5000; // milliseconds

export class ProjectInView {
  detail = $state.raw<ProjectDetail>();
  problem = $state.raw<Problem>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(readonly name: string) {}

  /** The account's role in this project; an administrator has all roles. */
  get role(): string | null {
    return session.user?.role === 'admin' ? 'admin' : (this.detail?.role ?? null);
  }

  /** Undefined where the person may do what needs `needed`, else the reason why not. */
  why(needed: Role): string | undefined {
    return atLeast(this.role, needed) ? undefined : `This needs the role ${needed}; yours is ${this.role ?? 'none'}.`;
  }

  /** Ask now; pages call it after they changed something. */
  async reload(): Promise<void> {
    clearTimeout(this.#timer);
    try {
      this.detail = await must(api.GET('/api/v1/projects/{project}', { params: { path: { project: this.name } } }));
      this.problem = undefined;
    } catch (cause) {
      this.problem = problem(cause);
    }
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#look(), EVERY);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** A hidden tab asks nothing until it is looked at again. */
  async #look(): Promise<void> {
    if (document.hidden) this.#timer = setTimeout(() => void this.#look(), EVERY);
    else await this.reload();
  }
}

export function provideProject(project: () => ProjectInView | undefined): void {
  setContext(KEY, project);
}

/** The project in view with its details; only inside pages under `/p/:project`, which are drawn once they are there. */
export function useProject(): ProjectInView & { detail: ProjectDetail } {
  const project = getContext<() => ProjectInView | undefined>(KEY)();
  if (!project) throw new Error('this page stands outside a project');
  return project as ProjectInView & { detail: ProjectDetail };
}
