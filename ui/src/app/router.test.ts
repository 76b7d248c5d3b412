import { beforeEach, describe, expect, test } from 'vitest';
import { match, router, safeNext } from './router.svelte';

describe('match', () => {
  test('a pattern gives its parameters decoded', () => {
    expect(match('/p/:project/images/:id', '/p/a%20b/images/7')).toEqual({ project: 'a b', id: '7' });
  });
  test('a slash at the end changes nothing', () => {
    expect(match('/p/:project', '/p/paint/')).toEqual({ project: 'paint' });
    expect(match('/', '/')).toEqual({});
  });
  test('another length, an empty parameter or a broken escape does not match', () => {
    expect(match('/p/:project', '/p')).toBeNull();
    expect(match('/p/:project', '/p//')).toBeNull();
    expect(match('/p/:project', '/p/%E0%A4%A')).toBeNull();
  });
});

describe('safeNext', () => {
  test('an address inside is kept with its query', () => {
    expect(safeNext('/p/paint?tab=red#x')).toBe('/p/paint?tab=red#x');
  });
  test.each([
    'https://elsewhere.example/',
    '//elsewhere.example',
    'javascript:alert(1)',
    '/login?next=/login',
    '',
    null,
  ])('%s leads to the start page', (next) => expect(safeNext(next)).toBe('/'));
});

describe('set', () => {
  beforeEach(() => router.go('/p/paint?tab=red&sort=name'));

  test('it changes some keys and leaves the others', () => {
    router.set({ tab: 'blue', min: 0.5 });
    expect(router.here).toBe('/p/paint?tab=blue&sort=name&min=0.5');
    expect(location.search).toBe('?tab=blue&sort=name&min=0.5');
  });
  test('null, undefined and nothing remove a key', () => {
    router.set({ tab: null, sort: '' });
    expect(router.here).toBe('/p/paint');
  });
});

describe('hold', () => {
  beforeEach(() => {
    router.hold = undefined;
    router.go('/p/cracks/images/1?tab=a');
  });

  test('a page with something unsaved is handed the way instead of being left', () => {
    let leave: (() => void) | undefined;
    router.hold = (go) => (leave = go);
    router.set({ tab: 'b' });
    expect(leave).toBeUndefined();
    router.go('/p/cracks');
    expect(router.here).toBe('/p/cracks/images/1?tab=b');
    router.hold = undefined;
    leave?.();
    expect(router.here).toBe('/p/cracks');
  });
  test('so it is where the browser goes back', () => {
    let leave: (() => void) | undefined;
    router.hold = (go) => (leave = go);
    history.replaceState(null, '', '/p/cracks/review');
    dispatchEvent(new PopStateEvent('popstate'));
    expect(location.pathname).toBe('/p/cracks/images/1');
    router.hold = undefined;
    leave?.();
    expect(router.here).toBe('/p/cracks/review');
  });
});
