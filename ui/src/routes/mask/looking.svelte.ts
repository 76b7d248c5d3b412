/** How a picture and its mask are looked at: kept in the address, so that a reload or a link shows the same. */
import { router } from '$/app/router.svelte';
import type { Source } from './wire';

export const MODES = {
  overlay: 'Overlay',
  side: 'Side by side',
  photo: 'Photo only',
  heat: 'Probabilities',
  difference: 'Differences',
} as const;
export type Mode = keyof typeof MODES;

const OPACITY = 0.55;

/** The least and the largest threshold that can be chosen, and their distance. */
export const THRESHOLDS = { min: 0.01, max: 0.99, step: 0.01 };

export class Looking {
  mode = $state<Mode>('overlay');
  opacity = $state(OPACITY);
  /** Classes that are not drawn. */
  off = $state.raw<readonly string[]>([]);
  /** Whether lengths and widths are drawn. */
  lines = $state(false);
  /** Whose mask is shown where both spoke. */
  source = $state<Source>('human');
  /** A threshold other than the project's. */
  chosen = $state<number>();
  /** As `chosen`, once the slider rests. */
  rested = $state<number>();
  readonly #floor: () => number;

  constructor(query: URLSearchParams, floor: () => number) {
    this.#floor = floor;
    const mode = query.get('view') ?? '';
    if (mode in MODES) this.mode = mode as Mode;
    this.opacity = within(query.get('opacity'), 0, 1) ?? OPACITY;
    this.off = query.get('off')?.split('\n') ?? [];
    this.lines = query.get('lines') === 'true';
    if (query.get('of') === 'model') this.source = 'model';
    this.chosen = this.rested = within(query.get('threshold'), 0, 1);
  }

  /** The threshold in force. */
  get at(): number {
    return this.chosen ?? this.#floor();
  }
  get restedAt(): number {
    return this.rested ?? this.#floor();
  }

  slide(threshold: number): void {
    this.chosen = threshold === this.#floor() ? undefined : threshold;
  }
  show(mode: Mode): void {
    this.mode = mode;
    this.rest();
  }
  turn(name: string): void {
    this.off = this.off.includes(name) ? this.off.filter((one) => one !== name) : [...this.off, name];
    this.rest();
  }

  /** Write it into the address; a slider does so when it is let go. */
  rest(): void {
    this.rested = this.chosen;
    router.set({
      view: this.mode === 'overlay' ? null : this.mode,
      opacity: this.opacity === OPACITY ? null : this.opacity,
      threshold: this.chosen,
      lines: this.lines || null,
      of: this.source === 'model' ? 'model' : null,
      off: this.off.join('\n'),
    });
  }
}

function within(text: string | null, low: number, high: number): number | undefined {
  const value = Number(text);
  return text && value >= low && value <= high ? value : undefined;
}
