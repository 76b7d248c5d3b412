/** A small, safe part of Markdown as data: headings, paragraphs, lists, tables, fenced code; everything else is text. */

/** A piece of a line: plain, `code` or **strong**. */
export interface Span {
  kind: 'text' | 'code' | 'strong';
  text: string;
}

export type Block =
  | { kind: 'heading'; level: number; spans: Span[] }
  | { kind: 'paragraph'; spans: Span[] }
  | { kind: 'list'; ordered: boolean; items: Span[][] }
  | { kind: 'table'; head: Span[][]; rows: Span[][][] }
  | { kind: 'code'; text: string };

const HEADING = /^(#{1,6})\s+(.*)$/;
const ITEM = /^\s*(?:[-*+]|(\d+)[.)])\s+(.*)$/;
const RULE = /^\|?\s*:?-{3,}:?\s*(\|\s*:?-{3,}:?\s*)*\|?$/;

export function blocks(markdown: string): Block[] {
  const lines = markdown.replace(/\r\n?/g, '\n').split('\n');
  const found: Block[] = [];
  let at = 0;
  while (at < lines.length) {
    const line = lines[at] ?? '';
    if (!line.trim()) {
      at++;
      continue;
    }
    const [block, next] = read(lines, at);
    found.push(block);
    at = next;
  }
  return found;
}

function read(lines: string[], at: number): [Block, number] {
  const line = lines[at] ?? '';
  if (line.startsWith('```')) return code(lines, at);
  const heading = HEADING.exec(line);
  if (heading) return [{ kind: 'heading', level: heading[1]!.length, spans: spans(heading[2]!) }, at + 1];
  if (isTable(lines, at)) return table(lines, at);
  if (ITEM.test(line)) return list(lines, at);
  return paragraph(lines, at);
}

function code(lines: string[], at: number): [Block, number] {
  let end = at + 1;
  while (end < lines.length && !lines[end]!.startsWith('```')) end++;
  return [{ kind: 'code', text: lines.slice(at + 1, end).join('\n') }, end + 1];
}

function isTable(lines: string[], at: number): boolean {
  return lines[at]!.includes('|') && RULE.test((lines[at + 1] ?? '').trim());
}

function table(lines: string[], at: number): [Block, number] {
  let end = at + 2;
  while (end < lines.length && lines[end]!.includes('|')) end++;
  const rows = lines.slice(at + 2, end).map(cells);
  return [{ kind: 'table', head: cells(lines[at]!), rows }, end];
}

function cells(line: string): Span[][] {
  const inner = line.trim().replace(/^\|/, '').replace(/\|$/, '');
  return inner.split('|').map((cell) => spans(cell.trim()));
}

function list(lines: string[], at: number): [Block, number] {
  const ordered = ITEM.exec(lines[at]!)?.[1] !== undefined;
  const items: Span[][] = [];
  let end = at;
  for (; end < lines.length; end++) {
    const item = ITEM.exec(lines[end]!);
    if (!item) break;
    items.push(spans(item[2]!));
  }
  return [{ kind: 'list', ordered, items }, end];
}

function paragraph(lines: string[], at: number): [Block, number] {
  let end = at + 1;
  while (end < lines.length && lines[end]!.trim() && !begins(lines, end)) end++;
  return [{ kind: 'paragraph', spans: spans(lines.slice(at, end).join(' ')) }, end];
}

function begins(lines: string[], at: number): boolean {
  const line = lines[at]!;
  return line.startsWith('```') || HEADING.test(line) || ITEM.test(line) || isTable(lines, at);
}

export function spans(text: string): Span[] {
  const found: Span[] = [];
  for (const [piece, code, strong] of text.matchAll(/`([^`]+)`|\*\*([^*]+)\*\*|(?:(?!`[^`]+`|\*\*[^*]+\*\*).)+/gs)) {
    if (code !== undefined) found.push({ kind: 'code', text: code });
    else if (strong !== undefined) found.push({ kind: 'strong', text: strong });
    else found.push({ kind: 'text', text: piece });
  }
  return found;
}
