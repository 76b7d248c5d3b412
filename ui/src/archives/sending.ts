/** A ZIP on its way to the server, whatever job it is for. */
import type { Job } from '$/api/client';
import { good, post } from '$/api/post';
import { problem } from '$/api/problem';
import { namedProblem } from './archive';

interface Options {
  /** Told the share 0..1 that is on its way. */
  progress: (share: number) => void;
  signal?: AbortSignal;
  headers?: Record<string, string>;
}

/** Send `file` to `path` and get the job that reads it; throws a Problem that calls the file by its own name. */
export async function sendArchive(path: string, file: File, { progress, signal, ...options }: Options): Promise<Job> {
  const told = (bytes: number) => progress(Math.min(1, bytes / Math.max(1, file.size)));
  const headers = { 'Content-Type': 'application/zip', ...options.headers };
  try {
    return good<Job>(await post(path, file, { headers, progress: told, ...(signal ? { signal } : {}) }));
  } catch (cause) {
    signal?.throwIfAborted();
    throw namedProblem(problem(cause), file.name);
  }
}
