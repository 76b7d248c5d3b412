import { describe, expect, test } from 'vitest';
import { named, onControl, written } from './shortcuts.svelte';

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

describe('onControl', () => {
  test('Enter belongs to the link or button that has the keyboard, and to nothing else', () => {
    document.body.innerHTML = '<h1>t</h1><a href="/"><span>in</span></a><button>b</button>';
    const on = (selector: string) => onControl({ target: document.querySelector(selector) });
    expect([on('a'), on('span'), on('button')]).toEqual([true, true, true]);
    expect([on('h1'), on('body'), onControl({ target: window })]).toEqual([false, false, false]);
  });
});

test('the list of keys shows signs instead of names', () => {
  expect(written('ArrowLeft ArrowUp')).toEqual(['←', '↑']);
  expect(written('Shift+ArrowDown x')).toEqual(['Shift+↓', 'x']);
  expect(written('1 2 3 4 5 6 7 8 9 0')).toEqual(['1…9,0']);
});
