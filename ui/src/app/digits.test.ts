import { describe, expect, it } from 'vitest';
import { classOf, digitOf } from './digits';

const CLASSES = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k'];

describe('digits', () => {
  it('name classes in the order of the project, 0 the tenth', () => {
    expect(classOf('1', CLASSES)).toBe('a');
    expect(classOf('9', CLASSES)).toBe('i');
    expect(classOf('0', CLASSES)).toBe('j');
  });

  it('are shown where they work, and nowhere else', () => {
    for (const [index, name] of CLASSES.entries())
      expect(digitOf(index) && classOf(digitOf(index)!, CLASSES)).toBe(index < 10 ? name : undefined);
  });

  it('name nothing where there are fewer classes', () => {
    expect(classOf('3', ['a', 'b'])).toBeUndefined();
  });
});
