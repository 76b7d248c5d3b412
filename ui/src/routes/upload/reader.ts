/** The worker that reads files, started with the first file. */
import type { Print } from './ports';

interface Waiting {
  resolve: (print: Print) => void;
  reject: (cause: Error) => void;
}

let worker: Worker | undefined;
let next = 0;
const waiting = new Map<number, Waiting>();

/** SHA-256 and kind of a file; rejects where it cannot be read. */
export function read(file: Blob): Promise<Print> {
  worker ??= start();
  const id = next++;
  worker.postMessage({ id, file });
  return new Promise((resolve, reject) => waiting.set(id, { resolve, reject }));
}

function start(): Worker {
  const started = new Worker(new URL('./digest.worker.ts', import.meta.url), { type: 'module' });
  started.onmessage = ({ data }: MessageEvent<{ id: number; print?: Print }>) => {
    const one = waiting.get(data.id);
    waiting.delete(data.id);
    if (data.print) one?.resolve(data.print);
    else one?.reject(new Error('the file cannot be read'));
  };
  started.onerror = () => {
    for (const one of waiting.values()) one.reject(new Error('the reader stopped'));
    waiting.clear();
    worker = undefined;
  };
  return started;
}
