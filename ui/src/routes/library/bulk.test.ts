import { describe, expect, it } from 'vitest';
import { done, takenBack, words } from './bulk';

const was = (id: string, label: string | null = null) => ({ id, label, trashed: false });

describe('taking back', () => {
  it('gives every picture its own earlier label, and none to those that had none', () => {
    expect(takenBack('label', [was('a', 'red'), was('b'), was('c', 'red'), was('d', 'blue')])).toEqual([
      { action: 'label', value: 'red', image_ids: ['a', 'c'] },
      { action: 'clear', image_ids: ['b'] },
      { action: 'label', value: 'blue', image_ids: ['d'] },
    ]);
  });

  it('restores what was thrown away, and throws away what was restored', () => {
    expect(takenBack('trash', [was('a', 'red')])).toEqual([{ action: 'restore', image_ids: ['a'] }]);
    expect(takenBack('restore', [was('a')])).toEqual([{ action: 'trash', image_ids: ['a'] }]);
  });
});

describe('words', () => {
  it('name the exact count in the question and on the button', () => {
    const said = words({ action: 'label', value: 'red' }, 1234);
    expect(said.title).toBe('Label 1,234 pictures?');
    expect(said.action).toBe('Label 1,234 pictures');
    expect(said.text).toContain('“red”');
  });

  it('speak of one picture as one', () => {
    expect(done({ action: 'trash' }, 1)).toBe('1 picture moved to the trash');
  });
});
