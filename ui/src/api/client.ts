/** The one road to the server: typed by its own OpenAPI document, with the header that it asks of pages. */
import createClient from 'openapi-fetch';
import { session } from '$/app/session.svelte';
import { Problem, problem } from './problem';
import type { components, paths } from './schema';

export type Schemas = components['schemas'];
export type Image = Schemas['ImageShape'];
export type ImageDetail = Schemas['ImageDetail'];
export type Project = Schemas['ProjectShape'];
export type ProjectDetail = Schemas['ProjectDetail'];
export type Job = Schemas['JobShape'];
export type User = Schemas['UserShape'];

/** Headers that everything carries which changes something (a foreign page cannot send them). */
export const HEADERS = { 'X-Sightloop': '1' };

/** A key that makes a request safe to repeat; also where the page was not reached over HTTPS. */
export function freshKey(bytes = 16): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(bytes)), (one) => one.toString(16).padStart(2, '0')).join('');
}

/** As fetch; where the session has ended it asks the person to sign in again and then goes on. */
export async function patient(request: Request): Promise<Response> {
  const spare = request.clone();
  const answer = await fetch(request);
  if (answer.status !== 401 || new URL(request.url).pathname.startsWith('/api/v1/auth/')) return answer;
  await session.again();
  return fetch(spare);
}

export const api = createClient<paths>({ baseUrl: location.origin, headers: HEADERS, fetch: patient });

type Answer<T> = { data?: T; error?: unknown; response: Response };

/** The data of an answer; throws a Problem where there is none. */
export async function must<T>(asked: Promise<Answer<T>>): Promise<T> {
  let answer: Answer<T>;
  try {
    answer = await asked;
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === 'AbortError') throw cause;
    throw problem(cause);
  }
  if (!answer.response.ok) throw problem(answer.error, answer.response.status);
  return answer.data as T;
}

export { Problem, problem };
