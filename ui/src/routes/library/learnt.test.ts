import { describe, expect, it } from 'vitest';
import { together, told } from './learnt';

describe('what was learnt', () => {
  it('is added up over the questions it took, the newest version first', () => {
    const rows = [
      { version: 1, live: false, pictures: 10 },
      { version: 3, live: true, pictures: 4 },
      { version: 1, live: false, pictures: 5 },
    ];
    expect(together(rows)).toEqual([
      { version: 3, live: true, pictures: 4 },
      { version: 1, live: false, pictures: 15 },
    ]);
  });

  it('names the versions, the live one as such, and how many pictures each had', () => {
    const rows = [
      { version: 3, live: true, pictures: 4 },
      { version: 1, live: false, pictures: 20 },
    ];
    expect(told(rows, 20)).toBe(
      'Version 3, which is live, learnt from 4 of them and version 1 learnt from all of them: what was learnt stays in them, and in those that went on from them, until one that was trained from scratch is live.',
    );
    expect(told([{ version: 2, live: false, pictures: 1 }], 1)).toMatch(/^Version 2 learnt from it:/);
  });

  it('is said to be nothing where it is nothing', () => {
    expect([told([], 1), told([], 5)]).toEqual(['No version learnt from it.', 'No version learnt from them.']);
  });
});
