import { afterEach, describe, expect, it, vi } from 'vitest';
import { done, takeBack, takenBack, words } from './bulk';

const was = (id: string, label: string | null = null, mask: string | null = null) => ({
  id,
  label,
  mask,
  trashed: false,
});

afterEach(() => vi.unstubAllGlobals());

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

describe('taking masks back', () => {
  it('gives every picture the mask it had, and those that had none are cleared together', async () => {
    const sent: string[] = [];
    vi.stubGlobal('fetch', async (request: Request) => {
      const { pathname, search } = new URL(request.url);
      sent.push(`${request.method} ${pathname.replace('/api/v1', '')}${search} ${await request.text()}`);
      return new Response('{}');
    });
    await takeBack('cracks', 'verify', [was('a', 'crack', 'c0ffee'), was('b'), was('c')]);
    expect(sent).toEqual([
      'POST /projects/cracks/images/bulk {"action":"clear","image_ids":["b","c"]}',
      'PUT /images/a/mask?of=c0ffee ',
    ]);
  });
});

describe('words', () => {
  it('name the exact count in the question and on the button', () => {
    const said = words({ action: 'label', value: 'red' }, 1234);
    expect(said.title).toBe('Label 1,234 pictures?');
    expect(said.action).toBe('Label 1,234 pictures');
    expect(said.text).toContain('“red”');
  });

  it('speak of masks where pictures have masks', () => {
    expect(words({ action: 'verify' }, 2, 'segment').action).toBe('Accept 2 pictures');
    expect(words({ action: 'label', value: 'nothing' }, 2, 'segment').title).toBe('Nothing to see in 2 pictures?');
    expect(words({ action: 'label', value: 'nothing' }, 2, 'classify').title).toBe('Label 2 pictures?');
    expect(done({ action: 'verify' }, 2, 'segment')).toBe('2 pictures accepted');
  });

  it('speak of one picture as one', () => {
    expect(done({ action: 'trash' }, 1)).toBe('1 picture moved to the trash');
  });
});
