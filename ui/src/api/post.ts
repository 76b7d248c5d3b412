/** A body to the server with progress; where the session has ended it waits for somebody to sign in again. */
import { session } from '$/app/session.svelte';
import { HEADERS } from './client';
import { Problem, problem, Refusal } from './problem';

interface Options {
  headers?: Record<string, string>;
  /** Bytes of the body that are on their way. */
  progress?: (bytes: number) => void;
  signal?: AbortSignal;
}

export interface Heard {
  status: number;
  body: unknown;
  /** Seconds after which the server wants to be asked again, 0 where it did not say. */
  retryAfter: number;
}

/** Send `body` and give the answer, whatever its status; a Problem where nobody answered. */
export async function post(path: string, body: XMLHttpRequestBodyInit, options: Options = {}): Promise<Heard> {
  for (;;) {
    const heard = await once(path, body, options);
    if (heard.status !== 401) return heard;
    options.progress?.(0);
    await session.again();
    options.signal?.throwIfAborted();
  }
}

/** The body of a good answer; throws what the server said otherwise. */
export function good<T>({ status, body, retryAfter }: Heard): T {
  if (status >= 200 && status < 300) return body as T;
  throw new Refusal(problem(body, status), retryAfter);
}

function once(path: string, body: XMLHttpRequestBodyInit, { headers, progress, signal }: Options): Promise<Heard> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const stop = () => request.abort();
    request.open('POST', path);
    for (const [name, value] of Object.entries({ ...HEADERS, ...headers })) request.setRequestHeader(name, value);
    request.responseType = 'text';
    request.upload.onprogress = (event) => progress?.(event.loaded);
    request.onload = () =>
      resolve({
        status: request.status,
        body: parsed(request.responseText),
        retryAfter: Number(request.getResponseHeader('retry-after')) || 0,
      });
    request.onerror = () => reject(problem(undefined));
    request.ontimeout = request.onerror;
    request.onabort = () => reject(signal?.aborted ? signal.reason : new Problem(0, 'The request was broken off.'));
    request.onloadend = () => signal?.removeEventListener('abort', stop);
    signal?.addEventListener('abort', stop);
    if (signal?.aborted) return reject(signal.reason);
    request.send(body);
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // a proxy's page: its status says enough
  }
}
