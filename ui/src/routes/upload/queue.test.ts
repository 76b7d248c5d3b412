// @vitest-environment node
import { describe, expect, test } from 'vitest';
import { Problem } from '$/api/problem';
import { Queue } from './queue';
import { isOpen } from './rows';
import { busy, file, unreachable, World } from './world';

const chosen = (...texts: string[]) => texts.map((text) => ({ file: file(text), path: `folder/${text}.jpg` }));
const numbered = (n: number, name = 'picture') => chosen(...Array.from({ length: n }, (_, at) => `${name} ${at}`));

async function until(holds: () => boolean): Promise<void> {
  for (let turn = 0; turn < 20_000; turn++) {
    if (holds()) return;
    await new Promise((resolve) => setTimeout(resolve));
  }
  throw new Error('it never came to hold');
}
const through = (queue: Queue) => until(() => queue.counts.open === 0 && queue.place === 'idle');
const outcome = (queue: Queue) => {
  const { total, stored, duplicate, failed, open } = queue.counts;
  expect(stored + duplicate + failed + open).toBe(total);
  return { stored, duplicate, failed };
};

describe('an upload', () => {
  test('has one outcome per file, with the reason of each that failed', async () => {
    const world = new World();
    const queue = new Queue(world.ports());
    await queue.add([...chosen('a', 'b', 'bad c', 'a', 'text d'), { file: new Blob([]), path: 'nothing.jpg' }]);
    await through(queue);
    expect(outcome(queue)).toEqual({ stored: 2, duplicate: 1, failed: 3 });
    expect(queue.rows.filter((row) => row.state === 'failed').every((row) => row.reason)).toBe(true);
    expect(world.requests.flat()).not.toContain('text d');
  });

  test('does not send what the project has already', async () => {
    const world = new World();
    const first = new Queue(world.ports());
    await first.add(chosen('a', 'b'));
    await through(first);
    const queue = new Queue(world.ports());
    await queue.add(chosen('a', 'b', 'c'));
    await through(queue);
    expect(outcome(queue)).toEqual({ stored: 1, duplicate: 2, failed: 0 });
    expect(world.requests.flat()).toEqual(['a', 'b', 'c']);
  });

  test('sends a trashed picture, which restores it', async () => {
    const world = new World();
    world.stored.set('sha of a', { id: 'old', trashed: true });
    const queue = new Queue(world.ports());
    await queue.add(chosen('a'));
    await through(queue);
    expect(outcome(queue)).toEqual({ stored: 0, duplicate: 1, failed: 0 });
    expect(queue.rows[0]?.reason).toMatch('trash');
    expect(world.stored.get('sha of a')?.trashed).toBe(false);
  });

  test('never counts as stored before the server has said so', async () => {
    const world = new World();
    const queue = new Queue(world.ports());
    let early = -1;
    world.after = () => void (early = Math.max(early, queue.counts.stored));
    await queue.add(chosen('a'));
    await through(queue);
    expect(early).toBe(0);
    expect(queue.counts.stored).toBe(1);
  });

  test('keeps files of different sites in different requests', async () => {
    const world = new World();
    const queue = new Queue(world.ports());
    const sites = new Set<string>();
    world.before = (batch) => {
      expect(new Set(batch.rows.map((row) => row.site))).toEqual(new Set([batch.site]));
      sites.add(batch.site);
    };
    await Promise.all([queue.add(chosen('a', 'b'), 'north'), queue.add(chosen('c', 'd'), 'south')]);
    await through(queue);
    expect(sites).toEqual(new Set(['north', 'south']));
  });

  test('asks for the answers that were not there yet', async () => {
    const world = new World();
    world.pending = true;
    const queue = new Queue(world.ports());
    await queue.add(chosen('a', 'b'));
    await until(() => queue.rows.every((row) => row.shown === 'red'));
  });
});

describe('what goes wrong on the way', () => {
  test('is tried three times more by itself', async () => {
    const world = new World();
    let tries = 0;
    world.before = () => {
      if (++tries < 4) throw busy();
    };
    const queue = new Queue(world.ports());
    await queue.add(chosen('a'));
    await through(queue);
    expect(outcome(queue)).toEqual({ stored: 1, duplicate: 0, failed: 0 });
    expect(world.waits).toHaveLength(3);
  });

  test('is told in the row after that, and sent again by hand', async () => {
    const world = new World();
    world.before = () => {
      throw unreachable();
    };
    const queue = new Queue(world.ports());
    await queue.add(chosen('a', 'b'));
    await through(queue);
    expect(queue.counts).toMatchObject({ failed: 2, again: 2 });
    expect(queue.rows[0]?.reason).toMatch('does not answer');
    world.before = () => {};
    queue.retry();
    await through(queue);
    expect(outcome(queue)).toEqual({ stored: 2, duplicate: 0, failed: 0 });
  });

  test('makes no duplicate where only the answer was lost', async () => {
    const world = new World();
    let lost = 0;
    world.after = () => {
      if (lost++ < 10) throw unreachable();
    };
    const queue = new Queue(world.ports());
    await queue.add(numbered(5));
    await through(queue);
    queue.retry();
    await through(queue);
    expect(outcome(queue)).toEqual({ stored: 5, duplicate: 0, failed: 0 });
    expect(world.stored.size).toBe(5);
  });

  test('is not tried again where the server refuses', async () => {
    const world = new World();
    world.before = () => {
      throw new Problem(403, 'uploading needs the role reviewer.');
    };
    const queue = new Queue(world.ports());
    await queue.add(chosen('a'));
    await through(queue);
    expect(world.waits).toEqual([]);
    expect(queue.rows[0]).toMatchObject({ state: 'failed', reason: 'uploading needs the role reviewer.' });
  });

  test('is narrowed down to the one file that the server fails on', async () => {
    const world = new World();
    world.before = (batch) => {
      if (batch.rows.some((row) => row.path.includes('poison'))) throw new Problem(500, 'something went wrong here.');
    };
    const queue = new Queue(world.ports());
    await queue.add([...numbered(5), ...chosen('poison')]);
    await through(queue);
    expect(outcome(queue)).toEqual({ stored: 5, duplicate: 0, failed: 1 });
  });

  test('leaves the sum right and nothing twice, whatever fails when', async () => {
    for (let seed = 1; seed <= 12; seed++) {
      const world = new World();
      const random = randomOf(seed);
      const mayFail = () => {
        if (random() < 0.4) throw random() < 0.5 ? busy() : unreachable();
      };
      world.before = mayFail;
      world.after = mayFail;
      const queue = new Queue(world.ports());
      const texts = Array.from({ length: 120 }, () => (random() < 0.1 ? 'bad ' : '') + Math.floor(random() * 100));
      await queue.add(chosen(...texts));
      await through(queue);
      while (queue.counts.again > 0) {
        queue.retry();
        await through(queue);
        outcome(queue);
      }
      const good = new Set(texts.filter((text) => !text.startsWith('bad')));
      const bad = texts.filter((text) => text.startsWith('bad')).length;
      expect(world.stored.size).toBe(good.size);
      expect(outcome(queue)).toEqual({ stored: good.size, duplicate: 120 - bad - good.size, failed: bad });
    }
  });
});

describe('people', () => {
  test('pause, and nothing new is sent until they go on', async () => {
    const world = new World();
    const queue = new Queue(world.ports());
    queue.pause();
    await queue.add(chosen('a'));
    await until(() => queue.place === 'sending');
    expect(world.requests).toEqual([]);
    queue.goOn();
    await through(queue);
    expect(queue.counts.stored).toBe(1);
  });

  test('cancel: the rest has failed, and can be sent later', async () => {
    const world = new World();
    const queue = new Queue(world.ports());
    world.before = () => {
      if (world.requests.length === 1) queue.cancel();
    };
    await queue.add(numbered(100));
    await through(queue);
    expect(queue.counts.failed).toBeGreaterThan(0);
    outcome(queue);
    world.before = () => {};
    queue.retry();
    await through(queue);
    expect(outcome(queue)).toEqual({ stored: 100, duplicate: 0, failed: 0 });
  });

  test('clear what is through', async () => {
    const world = new World();
    const queue = new Queue(world.ports());
    await queue.add(chosen('a', 'bad b'));
    await through(queue);
    queue.clear();
    expect(queue.counts).toMatchObject({ total: 0, stored: 0, failed: 0, bytes: 0, sent: 0 });
    expect(world.shelf.size).toBe(0);
  });
});

describe('a page that is closed in the middle', () => {
  async function halfway(world: World, n: number): Promise<void> {
    const queue = new Queue(world.ports());
    world.after = () => {
      if (world.requests.length === 3) {
        queue.close();
        throw unreachable();
      }
    };
    await queue.add(numbered(n));
    await until(() => world.requests.length >= 3 && queue.place === 'idle');
    world.after = () => {};
  }

  test('is gone on with by the next one, and nothing is stored twice', async () => {
    const world = new World();
    await halfway(world, 100);
    expect(world.stored.size).toBeLessThan(100);
    const queue = new Queue(world.ports());
    queue.resume();
    await until(() => queue.counts.total > 0 && queue.counts.open === 0);
    expect(queue.resumed).toBeGreaterThan(0);
    expect(outcome(queue)).toEqual({ stored: 100, duplicate: 0, failed: 0 });
    expect(world.stored.size).toBe(100);
  });

  test('leaves files to be chosen again where the browser had no room for them', async () => {
    const world = new World();
    world.room = 0;
    await halfway(world, 100);
    const queue = new Queue(world.ports());
    queue.resume();
    await until(() => queue.counts.total > 0 && queue.place === 'idle');
    expect(queue.counts.missing).toBeGreaterThan(0);
    await queue.add(numbered(100));
    await through(queue);
    expect(queue.rows.filter(isOpen)).toEqual([]);
    expect(queue.counts.failed).toBe(0);
    expect(world.stored.size).toBe(100);
  });

  test('counts a picture as stored whose first request is still being carried out when it is sent again', async () => {
    const world = new World();
    const first = new Queue(world.ports());
    let release = () => {};
    world.before = () => new Promise<void>((resolve) => (release = resolve));
    await first.add(chosen('a'));
    await until(() => first.rows[0]?.state === 'sending');
    first.close();
    release();
    world.before = () => void world.stored.set('sha of a', { id: 'late', trashed: false });
    const queue = new Queue(world.ports());
    queue.resume();
    await until(() => queue.counts.total > 0 && queue.counts.open === 0);
    expect(outcome(queue)).toEqual({ stored: 1, duplicate: 0, failed: 0 });
  });

  test('leaves nothing behind once everything is through', async () => {
    const world = new World();
    const first = new Queue(world.ports());
    await first.add(chosen('a', 'b'));
    await through(first);
    const queue = new Queue(world.ports());
    queue.resume();
    await until(() => world.shelf.size === 0);
    expect(queue.counts.total).toBe(0);
  });
});

test('of two pages one sends at a time', async () => {
  const world = new World();
  const [one, two] = [new Queue(world.ports()), new Queue(world.ports())];
  let abreast = 0;
  world.before = () =>
    void (abreast = Math.max(abreast, Number(one.place === 'sending') + Number(two.place === 'sending')));
  await Promise.all([one.add(numbered(60, 'one')), two.add(numbered(60, 'two'))]);
  await Promise.all([through(one), through(two)]);
  expect(abreast).toBe(1);
  expect(world.stored.size).toBe(120);
});

test('five thousand files go through with their counts kept along the way', async () => {
  const world = new World();
  const queue = new Queue(world.ports());
  await queue.add(numbered(5000));
  await through(queue);
  expect(outcome(queue)).toEqual({ stored: 5000, duplicate: 0, failed: 0 });
  expect(queue.counts.sent).toBe(queue.counts.bytes);
});

/** A reproducible stream of 0..1 (mulberry32). */
function randomOf(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
