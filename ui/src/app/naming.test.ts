import { describe, expect, it } from 'vitest';
import { classNames, slug, wrongName } from './naming';

describe('slug', () => {
  it.each([
    ['Käfer & Co.', 'kafer-co'],
    ['  Straße 9 ', 'strasse-9'],
    ['Økologi på Æbelø', 'okologi-pa-aebelo'],
    ['Łąka', 'laka'],
    ['鳥', ''],
    ['a'.repeat(80), 'a'.repeat(63)],
    [`${'a'.repeat(62)} b`, 'a'.repeat(62)],
  ])('makes %j into %j', (title, name) => {
    expect(slug(title)).toBe(name);
  });

  it('makes only names that fit', () => {
    for (const title of ['-- x --', '9 lives', 'ÄÖÜ', 'x_y z']) expect(wrongName(slug(title))).toBeUndefined();
  });
});

describe('wrongName', () => {
  it.each([
    ['', 'Give it a name'],
    ['Birds', 'Begin with'],
    ['bIrds', '“I”'],
    ['-birds', 'Begin with'],
    ['a b', '“ ”'],
    ['a'.repeat(64), 'At most 63'],
    ['taken', 'already'],
  ])('refuses %j', (name, why) => {
    expect(wrongName(name, ['taken'])).toContain(why);
  });
});

describe('classNames', () => {
  it('takes pasted lists of every kind and trims them', () => {
    expect(classNames('Aves, Fungi;Insecta\n\n  Red fox \tOwl').names).toEqual([
      'Aves',
      'Fungi',
      'Insecta',
      'Red fox',
      'Owl',
    ]);
  });

  it('leaves out what is there already whatever its case, and says so', () => {
    const found = classNames('cat\nCAT\ndog', ['Dog']);
    expect(found.names).toEqual(['cat']);
    expect(found.refused).toEqual(['“CAT” is there already.', '“dog” is there already.']);
  });

  it('keeps "unknown" for the model', () => {
    expect(classNames('Unknown').names).toEqual([]);
    expect(classNames('Unknown').refused[0]).toContain('not sure');
  });

  it('refuses names that are too long or cannot be shown', () => {
    const found = classNames(`${'x'.repeat(101)}\nfine\nbad\u0007bell`);
    expect(found.names).toEqual(['fine']);
    expect(found.refused).toHaveLength(2);
  });

  it('stops at a thousand', () => {
    const found = classNames(Array.from({ length: 1001 }, (_, n) => `c${n}`).join('\n'));
    expect(found.names).toHaveLength(1000);
    expect(found.refused[0]).toContain('one too many');
  });
});
