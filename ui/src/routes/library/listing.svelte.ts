/** A long list of pictures that the server gives in pages, one after the other; places not reached yet are known by number. */
import type { Image } from '$/api/client';
import { problem, type Problem } from '$/api/problem';

export interface Entry {
  image: Image;
  /** Another class that the picture looks like. */
  like?: string;
}
export interface Answer {
  entries: Entry[];
  next: string | null;
  /** How many there are in all; said with the first page. */
  total?: number | null;
  /** Why there is nothing. */
  reason?: string | null;
}
export type Ask = (cursor: string | null, limit: number, signal: AbortSignal) => Promise<Answer>;

const FIRST = 200;
const MORE = 500;

export class Listing {
  entries = $state.raw<Entry[]>([]);
  problem = $state.raw<Problem>();
  /** No further page. */
  complete = $state(false);
  /** Something was answered, if only that there is nothing. */
  begun = $state(false);
  reason = $state<string>();
  #expected = $state<number>();
  #ids = $derived(new Set(this.entries.map((entry) => entry.image.id)));
  #ask: Ask;
  #cursor: string | null = null;
  #wanted = FIRST;
  #seen = 0;
  #control = new AbortController();
  #running: Promise<void> | undefined;
  #stops = 0;
  /** What was changed here while pages were on their way; null is gone. */
  #changed = new Map<string, Entry | null>();

  /** `expected` is how many there should be, where that is known before the first page says it. */
  constructor(ask: Ask, expected?: number) {
    this.#ask = ask;
    this.#expected = expected;
  }

  /** Places in the grid. */
  get count(): number {
    return this.complete ? this.entries.length : Math.max(this.#expected ?? 0, this.entries.length);
  }

  /** Whether `count` is the number of pictures that match; it grows otherwise. */
  get counted(): boolean {
    return this.complete || this.#expected !== undefined;
  }

  get ids(): ReadonlySet<string> {
    return this.#ids;
  }

  indexOf(id: string): number {
    return this.#ids.has(id) ? this.entries.findIndex((entry) => entry.image.id === id) : -1;
  }

  /** The places before `end` are in view: fetch them and some of what follows. */
  see(end: number): void {
    this.#seen = end;
    void this.reach(end + FIRST);
  }

  /** Fetch the places before `end`, Infinity for all; resolves when they are there, rejects where they cannot be. */
  async reach(end: number): Promise<void> {
    this.#wanted = Math.max(this.#wanted, end);
    const stops = this.#stops;
    while (!this.complete && this.entries.length < end && stops === this.#stops) {
      if (!this.#running && this.problem) throw this.problem;
      await this.#go(false);
      if (this.problem) return;
    }
  }

  /** Fetch anew what is in view; what was fetched before stays in view meanwhile. */
  async refresh(expected = this.#expected): Promise<void> {
    this.#expected = expected;
    this.#control.abort();
    this.#control = new AbortController();
    this.#running = undefined;
    await this.#go(true);
  }

  retry(): void {
    this.problem = undefined;
    void this.#go(!this.begun);
  }

  /** Fetch nothing more until somebody looks again. */
  stop(): void {
    this.#stops++;
    this.#control.abort();
    this.#control = new AbortController();
    this.#running = undefined;
  }

  /** Show a picture as it is now. */
  put(image: Image): void {
    const at = this.indexOf(image.id);
    const old = this.entries[at];
    if (!old) return;
    const entry = { ...old, image };
    this.#changed.set(image.id, entry);
    this.entries = this.entries.with(at, entry);
  }

  /** Take a picture out; returns its place, to bring it back there. */
  drop(id: string): number {
    const at = this.indexOf(id);
    if (at < 0) return at;
    this.#changed.set(id, null);
    this.entries = this.entries.toSpliced(at, 1);
    if (this.#expected !== undefined) this.#expected--;
    return at;
  }

  /** Bring a picture back to its place. */
  insert(at: number, image: Image): void {
    if (this.#ids.has(image.id)) return this.put(image);
    if (at > this.entries.length) return;
    const entry = { image };
    this.#changed.set(image.id, entry);
    this.entries = this.entries.toSpliced(at, 0, entry);
    if (this.#expected !== undefined) this.#expected++;
  }

  #go(fresh: boolean): Promise<void> {
    if (this.#running && !fresh) return this.#running;
    const { signal } = this.#control;
    const running = this.#fetch(fresh, signal)
      .catch((cause: unknown) => {
        if (!signal.aborted) this.problem = problem(cause);
      })
      .finally(() => {
        if (this.#running === running) this.#running = undefined;
      });
    this.#running = running;
    return running;
  }

  async #fetch(fresh: boolean, signal: AbortSignal): Promise<void> {
    let entries: Entry[] = [];
    let cursor = fresh ? null : this.#cursor;
    this.#changed.clear();
    do {
      const from = fresh ? entries : this.entries;
      const answer = await this.#ask(cursor, from.length === 0 ? FIRST : MORE, signal);
      if (signal.aborted) return;
      if (answer.total != null) this.#expected = answer.total;
      entries = this.#joined(fresh ? entries : this.entries, answer.entries);
      cursor = answer.next;
      if (fresh && cursor !== null && entries.length < Math.min(this.#seen, this.entries.length)) continue;
      fresh = false;
      this.#publish(entries, cursor, answer.reason);
    } while (cursor !== null && (fresh || this.entries.length < this.#wanted));
  }

  #publish(entries: Entry[], cursor: string | null, reason: string | null | undefined): void {
    this.entries = entries;
    this.#cursor = cursor;
    this.complete = cursor === null;
    this.begun = true;
    this.problem = undefined;
    this.reason = reason ?? undefined;
  }

  #joined(before: Entry[], page: Entry[]): Entry[] {
    const known = new Set(before.map((entry) => entry.image.id));
    const joined = [...before, ...page.filter((entry) => !known.has(entry.image.id))];
    const there = joined.filter((entry) => this.#changed.get(entry.image.id) !== null);
    return there.map((entry) => this.#changed.get(entry.image.id) ?? entry);
  }
}
