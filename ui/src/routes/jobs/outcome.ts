/** What came of a job that is done. */
import type { Job } from '$/api/client';
import { counted } from '$/app/words';
import { fates, type Fates } from '$/archives/archive';
import { figures, headline } from '../models/figures';

/** In a few words; empty where its kind leaves nothing to say. */
export function outcome({ kind, context }: Pick<Job, 'kind' | 'context'>): string {
  if (context['version'] !== undefined) return `made version ${context['version']}`;
  if (kind === 'import' && context['import']) {
    const found = context['import'] as Partial<Fates>;
    return found.total === undefined ? 'the plan is ready' : fates(found as Fates);
  }
  if (kind === 'export') return counted(Number(context['count'] ?? 0), 'picture');
  if (kind === 'evaluate') {
    const found = headline(figures(context['evaluation']));
    return found?.title === 'Dice' ? `Dice ${found.text}` : `${found?.text ?? '–'} right`;
  }
  const report = context['report'] as { ok: boolean } | undefined;
  if (report) return report.ok ? 'everything fits' : 'something is left to do';
  const answered = context['rescored'] ?? context['scored'];
  return typeof answered === 'number' ? `${counted(answered, 'picture')} answered` : '';
}
