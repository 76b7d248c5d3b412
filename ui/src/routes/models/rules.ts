/** Tests that decided something, and the free figures behind them, as people read them. */

export interface Rule {
  name: string;
  /** Null where it cannot tell yet. */
  passed: boolean | null;
  sentence: string;
  figures: Record<string, unknown>;
}

export interface Fact {
  name: string;
  text: string;
}

/** Free figures as names and texts, what lies inside a figure behind its name; empty values are left out. */
export function facts(found: Record<string, unknown>): Fact[] {
  return Object.entries(found).flatMap(([key, value]) => {
    const name = key.replaceAll('_', ' ');
    if (value === null || value === undefined || value === '') return [];
    if (Array.isArray(value)) return value.length ? [{ name, text: value.map(plain).join(', ') }] : [];
    if (typeof value === 'object')
      return facts(value as Record<string, unknown>).map((one) => ({ name: `${name}, ${one.name}`, text: one.text }));
    return [{ name, text: plain(value) }];
  });
}

function plain(value: unknown): string {
  if (typeof value === 'number')
    return Number.isInteger(value) ? value.toLocaleString('en') : String(+value.toPrecision(4));
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** What a row of the deployment log keeps beside its reason: the tests, and everything else as facts. */
export function evidence(detail: Record<string, unknown> | null | undefined): { rules: Rule[]; facts: Fact[] } {
  const rules: Rule[] = [];
  const rest = apart(detail ?? {}, rules);
  return { rules, facts: facts(rest) };
}

/** Said by the reason already, or the id of something that has no page. */
const UNSAID = new Set(['sentence', 'gate', 'watch']);

/** What is left of free figures when the tests in them, however deep, are taken out into `rules`. */
function apart(found: Record<string, unknown>, rules: Rule[]): Record<string, unknown> {
  const rest: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(found)) {
    if (key === 'rules' && Array.isArray(value))
      rules.push(...value.filter(isRule).map((rule) => ({ ...rule, figures: rule.figures ?? {} })));
    else if (value !== null && typeof value === 'object' && !Array.isArray(value))
      rest[key] = apart(value as Record<string, unknown>, rules);
    else if (!UNSAID.has(key)) rest[key] = value;
  }
  return rest;
}

function isRule(found: unknown): found is Rule {
  const rule = found as Partial<Rule> | null;
  return typeof rule?.name === 'string' && typeof rule.sentence === 'string';
}
