import { describe, expect, test } from 'vitest';
import { named } from './shortcuts.svelte';

const press = (key: string, held: Partial<KeyboardEvent> = {}) =>
  named({ key, ctrlKey: false, metaKey: false, altKey: false, shiftKey: false, ...held });

describe('named', () => {
  test('a letter is itself, and Shift does not rename a sign', () => {
    expect(press('x')).toBe('x');
    expect(press('?', { shiftKey: true })).toBe('?');
    expect(press(' ')).toBe('Space');
  });
  test('Ctrl and Cmd are the same and write the letter large', () => {
    expect(press('z', { ctrlKey: true })).toBe('Ctrl+Z');
    expect(press('a', { metaKey: true })).toBe('Ctrl+A');
  });
  test('Shift is said of keys that have no other sign for it', () => {
    expect(press('ArrowLeft', { shiftKey: true })).toBe('Shift+ArrowLeft');
    expect(press('Z', { ctrlKey: true, shiftKey: true })).toBe('Ctrl+Shift+Z');
  });
});
