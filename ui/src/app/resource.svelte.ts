/** What a page shows of the server: loading, value or problem, asked anew when what it depends on changes. */
import { untrack } from 'svelte';
import { problem, type Problem } from '$/api/problem';

export class Resource<T> {
  value = $state.raw<T>();
  problem = $state.raw<Problem>();
  busy = $state(true);
  /** Ask again now; the old value stays in view meanwhile. */
  reload: () => void = () => {};
}

interface Options<T> {
  /** Milliseconds until the next question, or null for never again; looked at after each answer. */
  every?: number | ((value: T) => number | null);
}

/**
 * Ask with `fetcher` now and whenever a rune that it reads (before its first await) changes.
 * Call it while a component is made. An answer that comes after a newer question is dropped.
 */
export function resource<T>(fetcher: (signal: AbortSignal) => Promise<T>, options: Options<T> = {}): Resource<T> {
  const found = new Resource<T>();
  let round = $state(0);
  found.reload = () => void round++;
  $effect(() => {
    void round;
    const control = new AbortController();
    const asked = fetcher(control.signal);
    let timer: ReturnType<typeof setTimeout> | undefined;
    untrack(() => (found.busy = true));
    asked
      .then((value) => {
        if (control.signal.aborted) return;
        found.value = value;
        found.problem = undefined;
        timer = again(found, value, options);
      })
      .catch((cause: unknown) => {
        if (control.signal.aborted) return;
        found.problem = problem(cause);
        if (options.every) timer = setTimeout(found.reload, 5000);
      })
      .finally(() => {
        if (!control.signal.aborted) found.busy = false;
      });
    return () => {
      control.abort();
      clearTimeout(timer);
    };
  });
  return found;
}

function again<T>(found: Resource<T>, value: T, { every }: Options<T>): ReturnType<typeof setTimeout> | undefined {
  const wait = typeof every === 'function' ? every(value) : every;
  return wait ? setTimeout(found.reload, wait) : undefined;
}
