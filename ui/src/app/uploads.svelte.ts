/** The uploads of this page, one queue per project; they go on while people look at other pages. */
import { untrack } from 'svelte';
import { freshKey } from '$/api/client';
import { ArchiveImport } from '$/archives/importing.svelte';
import { projectsOf, Shelf } from '$/routes/upload/keeping';
import type { Ports } from '$/routes/upload/ports';
import { Queue } from '$/routes/upload/queue';
import { read } from '$/routes/upload/reader';
import { server } from '$/routes/upload/server';
import { session } from './session.svelte';
import { wait } from './wait';

const DRAW_EVERY = 120; // milliseconds

class Uploads {
  /** Counts up when something has changed; views read it and then the queues, which are plain for speed. */
  version = $state(0);
  archives = $state.raw<ArchiveImport[]>([]);
  #user: string | undefined;
  #queues = new Map<string, Queue>();
  #due: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    $effect.root(() => {
      $effect(() => {
        void session.user;
        untrack(() => this.#follow());
      });
    });
    addEventListener('beforeunload', (event) => {
      if (this.all.some(([, queue]) => queue.counts.loose > 0) || this.archives.some((one) => one.sending))
        event.preventDefault();
    });
  }

  get all(): [string, Queue][] {
    return [...this.#queues];
  }

  /** Who is here now: their uploads of an earlier page go on, those of somebody else stop. */
  #follow(): void {
    const user = session.user;
    if (this.#user === user?.id) return;
    for (const queue of this.#queues.values()) queue.close();
    for (const archive of this.archives) archive.cancel();
    this.#queues.clear();
    this.archives = [];
    this.#user = user?.id;
    this.#draw();
    if (user) void this.#resume(user.id);
  }

  /** The queue of a project. */
  of(project: string): Queue {
    untrack(() => this.#follow());
    let queue = this.#queues.get(project);
    if (!queue) {
      queue = new Queue(ports(this.#user ?? '', project), () => this.#draw());
      this.#queues.set(project, queue);
    }
    return queue;
  }

  /** Begin to import a ZIP: its plan first. */
  unpack(project: string, file: File, site: string): void {
    const archive = new ArchiveImport(project, { file, site });
    this.archives = [...this.archives, archive];
    void archive.look();
  }

  dismiss(archive: ArchiveImport): void {
    archive.cancel();
    this.archives = this.archives.filter((one) => one !== archive);
  }

  async #resume(user: string): Promise<void> {
    const projects = await projectsOf(user).catch(() => []);
    if (user === this.#user) for (const project of projects) this.of(project).resume();
  }

  #draw(): void {
    this.#due ??= setTimeout(() => {
      this.#due = undefined;
      this.version++;
    }, DRAW_EVERY);
  }
}

export const uploads = new Uploads();

let numbers = 0;
const PAGE = freshKey(6);

function ports(user: string, project: string): Ports {
  return {
    ...server(project),
    read,
    wait,
    online,
    lead: (work, waiting) => lead(`sightloop-upload ${user} ${project}`, work, waiting),
    // Sorts by time, so that rows come back in their order.
    newId: () => `${Date.now().toString(36).padStart(9, '0')}-${(numbers++).toString(36).padStart(5, '0')}-${PAGE}`,
    keep: new Shelf(user, project),
  };
}

function online(): Promise<void> {
  if (navigator.onLine !== false) return Promise.resolve();
  return new Promise((resolve) => addEventListener('online', () => resolve(), { once: true }));
}

/** Without locks (a page over plain http has none) every page sends; the server knows each file by its checksum. */
async function lead(name: string, work: (waited: boolean) => Promise<void>, waiting: () => void): Promise<void> {
  if (!navigator.locks) return work(false);
  const taken = await navigator.locks.request(name, { ifAvailable: true }, async (lock) => {
    if (lock) await work(false);
    return lock !== null;
  });
  if (taken) return;
  waiting();
  await navigator.locks.request(name, () => work(true));
}
