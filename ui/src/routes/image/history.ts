/** What happened to a picture, as sentences. */
import { percent } from '$/app/words';

export interface Row {
  kind: string;
  at: string;
  by?: string | null;
  by_name?: string | null;
  [key: string]: unknown;
}
export interface Sentence {
  at: string;
  who: string;
  text: string;
  sign: 'model' | 'human' | 'system';
}

const ACTIONS: Record<string, string> = {
  import: 'brought the label',
  correct: 'said it shows',
  verify: 'verified',
  clear: 'took the word back',
};
const EVENTS: Record<string, string> = {
  stored: 'stored it',
  examined: 'looked at the file: size, quality and fingerprint',
  trashed: 'moved it to the trash',
  restored: 'took it out of the trash',
  doubt: 'was not satisfied with the answer',
  unreadable: 'could not read the file',
  annotated: 'noted facts about it',
  refloored: 'moved the confidence floor, which changed what is shown',
  withdrawn: 'took it off the side that judges: a copy teaches',
  undoubled: 'made it the first of its copies',
};

/** Newest first; `versions` gives the number of a model version by its id. */
export function sentences(rows: readonly Row[], versions: ReadonlyMap<string, number>): Sentence[] {
  return rows.map((row) => sentence(row, versions)).reverse();
}

function sentence(row: Row, versions: ReadonlyMap<string, number>): Sentence {
  const { at, kind } = row;
  if (kind === 'prediction') {
    const number = versions.get(String(row['version_id']));
    const shown = row['shown'] === row['predicted'] ? '' : `, shown as ${String(row['shown'])}`;
    const text = `answered ${String(row['predicted'])} with ${percent(Number(row['confidence']), 0)}${shown}`;
    return { at, who: number === undefined ? 'A former model' : `Model v${number}`, text, sign: 'model' };
  }
  const who = row.by_name || (row.by === 'operator' ? 'The command line' : row.by ? 'A former account' : 'Sightloop');
  if (kind === 'label') {
    const action = String(row['action']);
    const value = row['value'] === null || action === 'clear' ? '' : ` ${String(row['value'])}`;
    return { at, who, text: (ACTIONS[action] ?? action) + value, sign: 'human' };
  }
  const sign = row.by && kind !== 'stored' ? 'human' : 'system';
  return { at, who, text: EVENTS[kind] ?? kind.replaceAll('_', ' '), sign };
}
