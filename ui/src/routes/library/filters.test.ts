import { describe, expect, it } from 'vitest';
import type { Image } from '$/api/client';
import { belongs, chips, expected, pictures, read, tabOf, tabs, written, type View } from './filters';

const view = (text: string): View => read(new URLSearchParams(text));
const image = (parts: Partial<Image>): Image => ({ status: 'ready', trashed_at: null, ...parts }) as Image;

describe('the address', () => {
  it('is read back as it was written', () => {
    const text = 'tab=a+%26+b&search=x&verified=false&min_confidence=0.5&sort=confidence';
    expect(written(view(text))).toBe(text);
  });

  it('is empty for the plain library', () => {
    expect(written(view(''))).toBe('');
    expect(written(view('sort=-created_at'))).toBe('');
  });

  it('leaves out what it cannot read', () => {
    expect(view('verified=perhaps&min_confidence=7&sort=sideways&nonsense=1')).toEqual(view(''));
  });

  it('asks for likeness only with a picture', () => {
    expect(view('to=abc&sort=odd')).toMatchObject({ order: 'similar', to: 'abc' });
    expect(view('sort=similar').order).toBe('-created_at');
  });

  it('has one chip for both ends of the confidence, and none for the tab', () => {
    expect(chips(view('tab=red&min_confidence=0.5&max_confidence=0.9'))).toEqual([
      { text: 'Confidence 50 % to 90 %', keys: ['min_confidence', 'max_confidence'] },
    ]);
  });
});

describe('a picture', () => {
  it('stands where the server would show it', () => {
    expect(tabOf(image({ shown: 'red' }))).toBe('red');
    expect(tabOf(image({ shown: null }))).toBe('unlabelled');
    expect(tabOf(image({ shown: null, status: 'pending' }))).toBe('pending');
    expect(tabOf(image({ shown: 'red', status: 'duplicate' }))).toBe('duplicate');
  });

  it('leaves a tab with its class, and the unverified with its verification', () => {
    expect(belongs(image({ shown: 'red' }), { tab: 'red' })).toBe(true);
    expect(belongs(image({ shown: 'blue' }), { tab: 'red' })).toBe(false);
    expect(belongs(image({ verified: true }), { verified: false })).toBe(false);
  });

  it('leaves every view with the trash', () => {
    expect(belongs(image({ trashed_at: '2026-01-01T00:00:00Z' }), {})).toBe(false);
  });
});

describe('tabs', () => {
  const counts = { red: 2, unknown: 3, trash: 9, pending: 1, gone: 1, green: 0 };

  it('show all first, unknown last, and no trash', () => {
    const names = tabs(['green', 'red'], counts).map((tab) => tab.name);
    expect(names).toEqual(['All', 'red', 'gone', 'Pending', 'Unknown']);
  });

  it('keep an empty one while it is chosen', () => {
    expect(tabs(['green', 'red'], counts, 'green')[1]).toEqual({ tab: 'green', name: 'green', count: 0 });
  });

  it('put the pictures without anything after the classes of masks, and nowhere else', () => {
    const found = { crack: 1, nothing: 2, unknown: 1 };
    const names = (task: string) => tabs(['crack'], found, undefined, task).map((tab) => tab.name);
    expect(names('segment')).toEqual(['All', 'crack', 'Nothing found', 'Unknown']);
    expect(names('classify')).toEqual(['All', 'crack', 'nothing', 'Unknown']);
  });

  it('count all pictures outside the trash', () => {
    expect(pictures(counts)).toBe(7);
  });

  it('tell how many pictures a view has only where nothing else restricts it', () => {
    expect(expected(view(''), counts)).toBe(7);
    expect(expected(view('tab=red&sort=name'), counts)).toBe(2);
    expect(expected(view('tab=green'), counts)).toBe(0);
    expect(expected(view('tab=red&verified=true'), counts)).toBeUndefined();
    expect(expected(view('sort=odd'), counts)).toBeUndefined();
  });
});
