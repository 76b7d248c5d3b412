/** A server, a memory and a clock in a few lines, for the queue's tests: the server is as strict as the real one. */
import { Problem } from '$/api/problem';
import type { Answer, Batch, Keep, Known, Ports, Told } from './ports';
import { isOpen, type Row } from './rows';

/** Files whose name says what becomes of them: their text is their content. */
export function file(text: string): Blob {
  return new Blob([text]);
}

export class World implements Keep {
  stored = new Map<string, { id: string; trashed: boolean }>();
  shelf = new Map<string, Row>();
  /** Every request that reached the server, with the texts it carried. */
  requests: string[][] = [];
  waits: number[] = [];
  /** Called before a request is answered; what it throws is what the client gets. */
  before: (batch: Batch) => void | Promise<void> = () => {};
  /** Called after the server has stored, before the client hears of it. */
  after: (batch: Batch) => void | Promise<void> = () => {};
  refused = /^bad/;
  room = Infinity;
  pending = false;
  #answers = new Map<string, Told[]>();
  #locks = new Map<string, Promise<void>>();
  #number = 0;

  ports(): Ports {
    return {
      read: async (blob) => {
        const text = await blob.text();
        return { sha256: `sha of ${text}`, picture: !text.startsWith('text') };
      },
      known: async (checksums) => this.known(checksums),
      send: (batch, progress, signal) => this.send(batch, progress, signal),
      look: async (ids) => ids.map((id) => answer(id, 'ready')),
      wait: async (milliseconds, signal) => {
        this.waits.push(milliseconds);
        await new Promise((resolve) => setTimeout(resolve));
        signal.throwIfAborted();
      },
      online: async () => {},
      lead: (work, waiting) => this.#lead(work, waiting),
      newId: () => String(this.#number++).padStart(6, '0'),
      keep: this,
    };
  }

  known(checksums: string[]): Map<string, Known> {
    const found = new Map<string, Known>();
    for (const sha of checksums) {
      const image = this.stored.get(sha);
      if (image) found.set(sha, { imageId: image.id, trashed: image.trashed });
    }
    return found;
  }

  async send(batch: Batch, progress: (bytes: number) => void, signal: AbortSignal): Promise<Told[]> {
    const texts = await Promise.all(batch.rows.map((row) => (row.file as Blob).text()));
    await this.before(batch);
    signal.throwIfAborted();
    this.requests.push(texts);
    const told = this.#answers.get(batch.key) ?? texts.map((text) => this.#store(text));
    this.#answers.set(batch.key, told);
    progress(batch.rows.reduce((sum, row) => sum + row.size, 0));
    await this.after(batch);
    signal.throwIfAborted();
    return told;
  }

  #store(text: string): Told {
    if (this.refused.test(text))
      return { outcome: 'failed', reason: 'this is not a picture in a known format.', image: null };
    const sha = `sha of ${text}`;
    const there = this.stored.get(sha);
    if (there) {
      there.trashed = false;
      return { outcome: 'duplicate', reason: null, image: answer(there.id, 'ready') };
    }
    const id = `image ${this.stored.size}`;
    this.stored.set(sha, { id, trashed: false });
    return { outcome: 'stored', reason: null, image: answer(id, this.pending ? 'pending' : 'ready') };
  }

  async add(rows: Row[], kept: (row: Row) => void): Promise<boolean> {
    let roomy = true;
    await Promise.resolve();
    for (const row of rows) {
      const fits = (this.room -= row.size) >= 0;
      if (!isOpen(row)) continue;
      this.shelf.set(row.id, { ...row, file: fits ? row.file : null });
      if (fits) kept(row);
      roomy &&= fits;
    }
    return roomy;
  }

  async update(rows: Row[]): Promise<void> {
    for (const row of rows) {
      const file = isOpen(row) || row.again ? (this.shelf.get(row.id)?.file ?? null) : null;
      this.shelf.set(row.id, { ...row, file });
    }
  }

  async forget(rows: Row[]): Promise<void> {
    for (const row of rows) this.shelf.delete(row.id);
  }

  async load(): Promise<Row[]> {
    return [...this.shelf.values()].map((row) => ({
      ...row,
      sent: 0,
      state: isOpen(row) ? (row.sha256 ? 'read' : 'waiting') : row.state,
    }));
  }

  async #lead(work: (waited: boolean) => Promise<void>, waiting: () => void): Promise<void> {
    const others = this.#locks.get('');
    if (others) waiting();
    const mine = (others ?? Promise.resolve()).then(() => work(others !== undefined));
    this.#locks.set('', mine);
    await mine;
    if (this.#locks.get('') === mine) this.#locks.delete('');
  }
}

function answer(id: string, status: string): Answer {
  return { id, status, reason: null, shown: status === 'ready' ? 'red' : null };
}

export const busy = () => new Problem(503, 'too many pictures are coming in.');
export const unreachable = () => new Problem(0, 'The server does not answer.');
