/** The pictures worth a look, best first; what was decided here leaves at once and comes back when it is undone. */
import { api, must, type Image, type Schemas } from '$/api/client';
import { problem, type Problem } from '$/api/problem';
import * as pictures from '$/api/pictures';
import { toasts } from '$/app/toasts.svelte';
import { undo } from '$/app/undo.svelte';

export type Candidate = Schemas['Candidate'];
export type By = Schemas['Review']['by'];
export type Ask = (limit: number) => Promise<Schemas['Review']>;

/** What a decision adds to the pictures that wait, and to those that are verified. */
interface Moves {
  remaining: number;
  verified: number;
}
const NO_MOVES: Moves = { remaining: 0, verified: 0 };

const BATCH = 60;
const FEW = 12; // pictures left at which more are fetched

/** Settled once every decision of this page has arrived: another order begins with what they left. */
let decided: Promise<unknown> = Promise.resolve();

export class Queue {
  items = $state.raw<Candidate[]>([]);
  remaining = $state(0);
  verified = $state(0);
  reason = $state<string | null>(null);
  /** Pictures that leave this sitting undecided. */
  skipped = $state(0);
  problem = $state.raw<Problem>();
  begun = $state(false);
  /** What was done last, for people who listen. */
  said = $state('');
  #gone = new Set<string>();
  #filling = false;
  #ended = false;

  constructor(
    readonly project: string,
    readonly ask: Ask,
  ) {}

  /** Fetch more where few are left. */
  async fill(): Promise<void> {
    if (this.#filling || this.#ended || this.items.length > FEW) return;
    this.#filling = true;
    try {
      if (!this.begun) await decided;
      const limit = BATCH + this.#gone.size;
      const found = await this.ask(limit);
      const known = new Set([...this.#gone, ...this.items.map((one) => one.image.id)]);
      this.items = [...this.items, ...found.items.filter((one) => !known.has(one.image.id))];
      this.#ended = found.items.length < limit;
      if (!this.begun) ({ remaining: this.remaining, verified: this.verified } = found);
      this.reason = found.reason;
      this.problem = undefined;
      this.begun = true;
    } catch (cause) {
      this.problem = problem(cause);
    } finally {
      this.#filling = false;
    }
  }

  label(one: Candidate, value: string): Promise<void> {
    return this.#decide(one, `${one.image.name}: ${value}`, () => pictures.label(one.image, value));
  }

  verify(one: Candidate): Promise<void> {
    return this.#decide(one, `${one.image.name} verified as ${one.image.shown}`, () => pictures.verify(one.image));
  }

  trash(one: Candidate): Promise<void> {
    const back = () => pictures.restore(one.image);
    const moves = one.image.verified ? { remaining: 0, verified: -1 } : { remaining: -1, verified: 0 };
    return this.#decide(one, `${one.image.name} moved to the trash`, () => pictures.trash(one.image), { back, moves });
  }

  /** Take back what people said of it, so that the model's word is shown. */
  unsay(one: Candidate): Promise<void> {
    const ask = () => pictures.label(one.image, null, { checked: false });
    const moves = { remaining: 1, verified: -1 };
    return this.#decide(one, `${one.image.name}: the person’s word taken back`, ask, { moves });
  }

  /** Not now: it leaves this sitting only. */
  skip(one: Candidate): void {
    this.#take(one);
    this.skipped += 1;
    this.said = `${one.image.name} skipped`;
    const back = async () => {
      this.skipped -= 1;
      this.#back(one);
    };
    undo.push(this.said, back, { quiet: true });
  }

  async #decide(
    one: Candidate,
    text: string,
    ask: () => Promise<Image>,
    {
      back = () => pictures.asBefore(one.image),
      moves = one.image.verified ? NO_MOVES : { remaining: -1, verified: 1 },
    }: { back?: () => Promise<Image>; moves?: Moves } = {},
  ): Promise<void> {
    this.#take(one);
    this.#count(moves);
    this.said = text;
    const takeBack = async () => {
      const image = await back();
      this.#back({ ...one, image });
      this.#count(moves, -1);
    };
    try {
      const asked = ask();
      decided = Promise.allSettled([decided, asked]);
      await undo.during(text, asked, takeBack);
    } catch (cause) {
      this.#back(one);
      this.#count(moves, -1);
      toasts.wrong(cause);
    }
  }

  #count({ remaining, verified }: Moves, times = 1): void {
    this.remaining += times * remaining;
    this.verified += times * verified;
  }

  #take(one: Candidate): void {
    this.#gone.add(one.image.id);
    this.items = this.items.filter((other) => other.image.id !== one.image.id);
    void this.fill();
  }

  #back(one: Candidate): void {
    this.#gone.delete(one.image.id);
    this.items = [one, ...this.items];
  }
}

/** The server's queue of a project in one order; the same seed gives the same order. */
export function asking(project: string, by: By, seed: number): Ask {
  return (limit) =>
    must(api.GET('/api/v1/projects/{project}/review', { params: { path: { project }, query: { by, seed, limit } } }));
}
