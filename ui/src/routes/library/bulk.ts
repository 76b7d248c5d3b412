/** One action on many pictures: how it is said, how it is asked for, and how it is taken back exactly. */
import { api, must, Problem, type Schemas } from '$/api/client';
import * as pictures from '$/api/pictures';
import { NOTHING, SEGMENT } from '$/app/task';
import { counted } from '$/app/words';
import { tabName, type Filters } from './filters';

export type Action = Schemas['Bulk']['action'];
export type Report = Schemas['BulkReport'];
type Body = Schemas['Bulk'];

/** Which pictures, and how many of them the person was shown. */
export interface Target {
  ids?: string[];
  filters?: Filters & { trashed?: boolean };
  expected: number;
}

export interface Deed {
  action: Action;
  value?: string;
}

/** The words of a question and of its button for `n` pictures of a project with this task. */
export function words(
  { action, value }: Deed,
  n: number,
  task?: string,
): { title: string; text: string; action: string } {
  const these = counted(n, 'picture');
  const own = task === SEGMENT ? maskWords({ action, value }, these) : undefined;
  const said =
    own ??
    {
      label: [
        `Label ${these}?`,
        `Every one of them will be shown as “${tabName(value ?? '')}”, said by you. Earlier answers stay in the history.`,
        `Label ${these}`,
      ],
      verify: [
        `Verify ${these}?`,
        'You say that what each of them shows is right. Those without an answer, or unknown, stay as they are.',
        `Verify ${these}`,
      ],
      trash: [
        `Move ${these} to the trash?`,
        'They can be restored from the trash until they are deleted for good.',
        `Move ${these}`,
      ],
      restore: [
        `Restore ${these}?`,
        'They go back to where they were, with all that was said of them.',
        `Restore ${these}`,
      ],
      clear: [`Take back what was said of ${these}?`, 'The model’s answers will be shown again.', `Clear ${these}`],
    }[action];
  return { title: said[0] ?? '', text: said[1] ?? '', action: said[2] ?? '' };
}

function maskWords({ action, value }: Deed, these: string): [string, string, string] | undefined {
  if (action === 'verify')
    return [
      `Accept the masks of ${these}?`,
      'You say that what is marked in each of them is right. Those without an answer stay as they are.',
      `Accept ${these}`,
    ];
  if (action === 'label' && value === NOTHING)
    return [
      `Nothing to see in ${these}?`,
      'You say that nothing is to be marked in any of them. Masks drawn before stay in the history.',
      `Nothing in ${these}`,
    ];
  return undefined;
}

/** "12 pictures labelled Plantae", "1 picture moved to the trash". */
export function done({ action, value }: Deed, n: number, task?: string): string {
  const these = counted(n, 'picture');
  if (task === SEGMENT && action === 'verify') return `${these} accepted`;
  if (task === SEGMENT && value === NOTHING) return `${these} without anything`;
  if (action === 'label') return `${these} labelled ${tabName(value ?? '')}`;
  return `${these} ${{ verify: 'verified', trash: 'moved to the trash', restore: 'restored', clear: 'cleared' }[action]}`;
}

/** The requests that make every changed picture again what it was; a mask is taken back by itself. */
export function takenBack(action: Action, before: Report['undo']): Body[] {
  const ids = (some: Report['undo']) => some.map((one) => one.id);
  if (action === 'trash') return [{ action: 'restore', image_ids: ids(before) }];
  if (action === 'restore') return [{ action: 'trash', image_ids: ids(before) }];
  return [...new Set(before.map((one) => one.label))].map((label) => {
    const same = ids(before.filter((one) => one.label === label));
    return label === null ? { action: 'clear', image_ids: same } : { action: 'label', value: label, image_ids: same };
  });
}

/** Do it, all or nothing; where not exactly `expected` pictures are left to do it to, nothing happens. */
export async function carryOut(project: string, deed: Deed, { ids, filters, expected }: Target): Promise<Report> {
  try {
    return await send(project, { ...deed, image_ids: ids ?? [], filters, expected });
  } catch (cause) {
    if (!(cause instanceof Problem) || cause.status !== 409) throw cause;
    throw new Problem(409, `Nothing was done: ${cause.detail}`, 'Somebody changed the set meanwhile. Look again.');
  }
}

export async function takeBack(project: string, action: Action, before: Report['undo']): Promise<void> {
  const said = action !== 'trash' && action !== 'restore';
  const drawn = before.filter((one) => said && one.mask);
  const others = before.filter((one) => !drawn.includes(one));
  for (const body of takenBack(action, others)) await send(project, body);
  for (const one of drawn) await pictures.asBefore(one);
}

function send(project: string, body: Body): Promise<Report> {
  return must(api.POST('/api/v1/projects/{project}/images/bulk', { params: { path: { project } }, body }));
}
