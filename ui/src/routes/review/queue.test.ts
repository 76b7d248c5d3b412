import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { undo } from '$/app/undo.svelte';
import { toasts } from '$/app/toasts.svelte';
import { Queue, type Candidate } from './queue.svelte';

const candidate = (n: number) =>
  ({
    image: { id: `i${n}`, name: `${n}.jpg`, shown: 'red', label: null, revision: 1 },
    score: 1,
    why: '',
  }) as unknown as Candidate;
const all = (n: number) => Array.from({ length: n }, (_, index) => candidate(index));
const ask = (items: Candidate[]) => async (limit: number) => ({
  items: items.slice(0, limit),
  by: 'uncertain' as const,
  remaining: items.length,
  verified: 3,
  total: items.length + 3,
  reason: null,
});

let sent: string[];
let status: number;
beforeEach(() => {
  sent = [];
  status = 200;
  undo.clear();
  toasts.items = [];
  vi.stubGlobal('fetch', async (request: Request) => {
    sent.push(`${request.method} ${new URL(request.url).pathname.replace('/api/v1', '')}`);
    return new Response(JSON.stringify({ id: 'i0', revision: 2, detail: 'no' }), { status });
  });
});
afterEach(() => vi.unstubAllGlobals());

const ids = (queue: Queue) => queue.items.map((one) => one.image.id);

test('what is decided leaves at once, is counted, and comes back first when it is undone', async () => {
  const queue = new Queue('paint', ask(all(3)));
  await queue.fill();
  await queue.label(queue.items[0]!, 'blue');
  expect(ids(queue)).toEqual(['i1', 'i2']);
  expect([queue.remaining, queue.verified]).toEqual([2, 4]);
  await undo.back();
  expect(ids(queue)).toEqual(['i0', 'i1', 'i2']);
  expect([queue.remaining, queue.verified]).toEqual([3, 3]);
  expect(sent).toEqual(['PUT /images/i0/label', 'PUT /images/i0/label']);
});

test('what the server refuses comes back and says why', async () => {
  const queue = new Queue('paint', ask(all(2)));
  await queue.fill();
  status = 409;
  await queue.verify(queue.items[0]!);
  expect(ids(queue)).toEqual(['i0', 'i1']);
  expect([queue.remaining, queue.verified]).toEqual([2, 3]);
  expect(toasts.items.at(-1)?.text).toBe('no');
  expect(undo.steps).toHaveLength(0);
});

test('a trashed picture is not counted as verified', async () => {
  const queue = new Queue('paint', ask(all(2)));
  await queue.fill();
  await queue.trash(queue.items[0]!);
  expect([queue.remaining, queue.verified]).toEqual([1, 3]);
});

test('more are fetched before the queue runs dry, and none that was decided or skipped comes again', async () => {
  const queue = new Queue('paint', ask(all(150)));
  await queue.fill();
  const met = new Set<string>();
  while (queue.items.length) {
    const one = queue.items[0]!;
    expect(met.has(one.image.id)).toBe(false);
    met.add(one.image.id);
    if (met.size % 5) queue.skip(one);
    else await queue.verify(one);
    await vi.waitFor(() => expect(queue.items.length > 0 || met.size === 150).toBe(true));
  }
  expect(met.size).toBe(150);
  expect(queue.skipped).toBe(120);
});

test('a person’s word that is taken back waits again, and is no longer counted as verified', async () => {
  const one = candidate(0);
  one.image.verified = true;
  const queue = new Queue('cracks', ask([one]));
  await queue.fill();
  await queue.unsay(one);
  expect(sent).toEqual(['PUT /images/i0/label']);
  expect([queue.remaining, queue.verified]).toEqual([2, 2]);
  await undo.back();
  expect([queue.remaining, queue.verified]).toEqual([1, 3]);
});

test('another order begins only after the decisions on their way have arrived', async () => {
  let arrive = () => {};
  vi.stubGlobal('fetch', async () => {
    await new Promise<void>((resolve) => (arrive = resolve));
    return new Response('{}');
  });
  const first = new Queue('paint', ask(all(2)));
  await first.fill();
  const decision = first.verify(first.items[0]!);
  const second = new Queue('paint', ask(all(1)));
  const filled = second.fill();
  await new Promise((resolve) => setTimeout(resolve));
  expect(second.begun).toBe(false);
  arrive();
  await Promise.all([decision, filled]);
  expect(second.begun).toBe(true);
});
