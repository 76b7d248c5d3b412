import { expect, test } from 'vitest';
import { blocks, spans } from './markdown';

test('a card becomes headings, paragraphs, tables, lists and code', () => {
  const card =
    '# Model card: x\n\n| | |\n|---|---|\n| Task | `classify` |\n\n## Use\n\nOne line\nand another.\n- a\n- b\n\n```\n# not a heading\n```\n';
  expect(blocks(card).map((block) => block.kind)).toEqual(['heading', 'table', 'heading', 'paragraph', 'list', 'code']);
  expect(blocks(card)[3]).toEqual({ kind: 'paragraph', spans: [{ kind: 'text', text: 'One line and another.' }] });
  expect(blocks(card)[1]).toMatchObject({ rows: [[[{ text: 'Task' }], [{ kind: 'code', text: 'classify' }]]] });
});

test('hostile markup stays text', () => {
  const [block] = blocks('<img src=x onerror=alert(1)> [x](javascript:alert(1))');
  expect(block).toEqual({
    kind: 'paragraph',
    spans: [{ kind: 'text', text: '<img src=x onerror=alert(1)> [x](javascript:alert(1))' }],
  });
});

test('a lone backtick or star is text', () => {
  expect(spans('a ` b * c **d**')).toEqual([
    { kind: 'text', text: 'a ` b * c ' },
    { kind: 'strong', text: 'd' },
  ]);
});

test('an unfinished fence ends with the text', () => {
  expect(blocks('```\nx')).toEqual([{ kind: 'code', text: 'x' }]);
});
