/** Pause, cancel, and the three further tries that whatever may pass gets by itself. */
import { problem, Refusal, type Problem } from '$/api/problem';
import type { Ports } from './ports';

/** Milliseconds before the second, third and fourth try. */
export const PAUSES = [1000, 4000, 15_000];
const LONGEST = 60_000;

export class Patience {
  paused = false;
  /** Why nothing moves for the moment. */
  trouble: Problem | undefined;
  #stop = new AbortController();
  #waiting: (() => void)[] = [];

  constructor(
    readonly ports: Pick<Ports, 'wait' | 'online'>,
    readonly changed: () => void,
  ) {}

  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  goOn(): void {
    this.paused = false;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  /** End whatever is under way. */
  stop(): void {
    this.#stop.abort();
    this.trouble = undefined;
  }

  /** Stop, and be ready for something new. */
  drop(): void {
    this.stop();
    this.#stop = new AbortController();
    this.goOn();
  }

  /** Do something, again where that may help, never while paused or offline; throws the last Problem. */
  async run<T>(what: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const { signal } = this;
    for (let tried = 0; ; tried++) {
      await this.#runs(signal);
      try {
        const found = await what(signal);
        this.trouble = undefined;
        return found;
      } catch (cause) {
        signal.throwIfAborted();
        const told = problem(cause);
        const pause = PAUSES[tried];
        if (pause === undefined || !mayPass(told)) throw told;
        this.trouble = told;
        this.changed();
        await this.ports.wait(Math.max(pause * (0.75 + Math.random() / 2), wanted(told)), signal);
      }
    }
  }

  async #runs(signal: AbortSignal): Promise<void> {
    while (this.paused) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
      signal.throwIfAborted();
    }
    await this.ports.online();
    signal.throwIfAborted();
  }
}

/** 408 came too slowly, 409 is still being carried out under the same key. */
function mayPass(told: Problem): boolean {
  return told.passing || told.status === 408 || told.status === 409;
}

function wanted(told: Problem): number {
  return told instanceof Refusal ? Math.min(LONGEST, told.retryAfter * 1000) : 0;
}
