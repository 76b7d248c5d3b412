import { afterEach, expect, test, vi } from 'vitest';
import type { Image } from './client';
import { asBefore, label } from './pictures';

afterEach(() => vi.unstubAllGlobals());

const looked = { id: 'i1', revision: 3, label: null, mask: null, trashed_at: null } as Image;

/** A server on which the picture is at revision 4 and a person has said `said` of it. */
function server(said: string | null) {
  const sent: number[] = [];
  vi.stubGlobal('fetch', async (request: Request) => {
    if (request.method === 'GET') return new Response(JSON.stringify({ ...looked, revision: 4, label: said }));
    const { revision } = (await request.json()) as { revision: number };
    sent.push(revision);
    return new Response(JSON.stringify({ ...looked, detail: 'changed' }), { status: revision === 4 ? 200 : 409 });
  });
  return sent;
}

test('a word counts although the model has spoken meanwhile', async () => {
  const sent = server(null);
  await label(looked, 'red');
  expect(sent).toEqual([3, 4]);
});

test('a word does not overwrite what another person said meanwhile', async () => {
  const sent = server('blue');
  await expect(label(looked, 'red')).rejects.toMatchObject({ status: 409 });
  expect(sent).toEqual([3]);
});

test('what stood before is said again: a mask by its checksum, a word, or nothing', async () => {
  const sent: string[] = [];
  vi.stubGlobal('fetch', async (request: Request) => {
    sent.push(
      `${new URL(request.url).pathname.replace('/api/v1/images', '')} ${new URL(request.url).search}${await request.text()}`,
    );
    return new Response(JSON.stringify(looked));
  });
  await asBefore({ id: 'a', label: 'crack', mask: 'c0ffee' });
  await asBefore({ id: 'b', label: 'nothing', mask: null });
  await asBefore({ id: 'c', label: null, mask: null });
  expect(sent).toEqual(['/a/mask ?of=c0ffee', '/b/label {"value":"nothing"}', '/c/label {"value":null}']);
});
