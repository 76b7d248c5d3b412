import { afterEach, expect, test, vi } from 'vitest';
import { session } from '$/app/session.svelte';
import { must, patient, Problem, problem } from './client';

afterEach(() => vi.unstubAllGlobals());

const answer = (status: number, body: unknown = {}) => new Response(JSON.stringify(body), { status });

test('a request that meets an ended session waits for the person and is then sent again', async () => {
  const statuses = [401, 201];
  const bodies: string[] = [];
  vi.stubGlobal('fetch', async (request: Request) => {
    bodies.push(await request.text());
    return answer(statuses.shift() ?? 500);
  });
  const asked = patient(new Request('http://localhost/api/v1/projects', { method: 'POST', body: '{"name":"paint"}' }));
  await vi.waitFor(() => expect(session.expired).toBe(true));
  session.began({ id: '1', email: 'a@example.org', name: 'Ada', role: 'viewer', created_at: '' });
  expect((await asked).status).toBe(201);
  expect(bodies).toEqual(['{"name":"paint"}', '{"name":"paint"}']);
});

test('a wrong password is told and never asked for again by itself', async () => {
  vi.stubGlobal('fetch', async () => answer(401));
  const given = await patient(new Request('http://localhost/api/v1/auth/login', { method: 'POST' }));
  expect(given.status).toBe(401);
  expect(session.expired).toBe(false);
});

test('must gives the data, and throws what the server said', async () => {
  expect(await must(Promise.resolve({ data: 7, response: answer(200) }))).toBe(7);
  const refused = must(
    Promise.resolve({ error: { detail: 'no class "x".', hint: 'Add it.', status: 422 }, response: answer(422) }),
  );
  await expect(refused).rejects.toMatchObject({ status: 422, detail: 'no class "x".', hint: 'Add it.' });
});

test('a server that does not answer is a passing problem', async () => {
  const refused = must(Promise.reject(new TypeError('Failed to fetch')));
  await expect(refused).rejects.toMatchObject({ status: 0, passing: true });
  expect(new Problem(422, 'bad').passing).toBe(false);
  expect(problem(null, 503).passing).toBe(true);
});
