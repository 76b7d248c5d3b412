/** Small masks of pictures, fetched a few at a time and kept for as long as they are likely to be seen again. */
import { patient, type Image } from '$/api/client';
import { problem } from '$/api/problem';
import { NOTHING } from '$/app/task';
import { decode, type Grey } from '$/routes/mask/png';
import { pooled } from './small';

const TOGETHER = 4; // requests on their way at once
const KEPT = 300;

/** One small mask: what it is called here, changing with whatever changes it, and where it comes from. */
export interface Over {
  key: string;
  url: string;
  side: number;
}

/** The mask that is shown over a picture, the human's or else the model's; undefined where nothing is marked. */
export function over(image: Image, floor: number, side = 256): Over | undefined {
  const said = image.label !== null && image.label !== 'unknown';
  const marked = said ? image.mask !== null : image.predicted !== null && image.shown !== NOTHING;
  if (image.status !== 'ready' || !marked) return undefined;
  return {
    key: [image.id, image.mask ?? `${image.version_id} ${floor}`, side].join(' '),
    url: address(image.id, { side }),
    side,
  };
}

/** Where a mask's class indices come from, no longer than `side` where that is given. */
export function address(id: string, asked: { source?: 'human' | 'model'; side?: number } = {}): string {
  const query = new URLSearchParams({ format: 'index' });
  if (asked.source) query.set('source', asked.source);
  if (asked.side) query.set('side', String(asked.side));
  return `/api/v1/images/${id}/mask?${query}`;
}

/** The class indices at an address; a Problem where there are none. */
export async function fetched(url: string, signal: AbortSignal): Promise<Grey> {
  const answer = await patient(new Request(new URL(url, location.origin), { signal }));
  if (!answer.ok) throw problem(await answer.json().catch(() => undefined), answer.status);
  return decode(new Uint8Array(await answer.arrayBuffer()));
}

export class Overlays {
  #kept = new Map<string, Grey>();
  #waiting: { begin: () => void; signal: AbortSignal }[] = [];
  #going = 0;

  constructor(readonly load = fetched) {}

  /** A small mask; what was asked for last comes first, because that is what came into view. Rejects where aborted. */
  async get({ key, url, side }: Over, signal: AbortSignal): Promise<Grey> {
    const kept = this.#kept.get(key);
    if (kept) return kept;
    await this.#turn(signal);
    try {
      const found = pooled(await this.load(url, signal), side);
      this.#kept.set(key, found);
      for (const oldest of [...this.#kept.keys()].slice(0, -KEPT)) this.#kept.delete(oldest);
      return found;
    } finally {
      this.#going--;
      this.#next();
    }
  }

  #turn(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ begin: resolve, signal });
      signal.addEventListener('abort', () => {
        this.#waiting = this.#waiting.filter((one) => one.signal !== signal);
        reject(signal.reason);
      });
      this.#next();
    });
  }

  #next(): void {
    while (this.#going < TOGETHER) {
      const one = this.#waiting.pop();
      if (!one) return;
      this.#going++;
      one.begin();
    }
  }
}

export const overlays = new Overlays();
