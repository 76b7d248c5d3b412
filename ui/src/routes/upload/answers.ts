/** The answers that were not there yet when their pictures were stored: asked for until they are. */
import type { Answer, Ports } from './ports';
import type { Row } from './rows';

const EVERY = 2500; // milliseconds
const AT_ONCE = 100;
const IN_VAIN = 120;

export function isUnanswered(row: Row): boolean {
  return row.state === 'stored' && row.imageId !== undefined && (row.status ?? 'pending') === 'pending';
}

export class Answers {
  #busy = false;

  constructor(
    readonly ports: Pick<Ports, 'look' | 'wait'>,
    readonly rows: () => readonly Row[],
    readonly hear: (row: Row, image: Answer) => void,
  ) {}

  /** Ask for what is missing, a hundred at a time; gives up after some minutes without a new answer. */
  async follow(signal: AbortSignal): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    for (let vain = 0; vain < IN_VAIN && !signal.aborted; vain++) {
      const pending = this.rows().filter(isUnanswered);
      if (pending.length === 0) break;
      const from = (vain * AT_ONCE) % pending.length;
      const asked = pending.slice(from, from + AT_ONCE);
      await this.#look(asked);
      const answered = asked.filter((row) => !isUnanswered(row)).length;
      if (answered > 0) vain = -1;
      if (answered < asked.length) await this.ports.wait(EVERY, signal).catch(() => {});
    }
    this.#busy = false;
  }

  async #look(asked: Row[]): Promise<void> {
    const rows = new Map(asked.map((row) => [row.imageId as string, row]));
    const found = await this.ports.look([...rows.keys()]).catch(() => []);
    for (const image of found) {
      const row = rows.get(image.id);
      if (row) this.hear(row, image);
    }
  }
}
