/** Stopping a job and trying one again: who may, and what is said before and after. */
import { api, must, type Job } from '$/api/client';
import { router } from '$/app/router.svelte';
import { atLeast, session } from '$/app/session.svelte';
import { attempt, toasts } from '$/app/toasts.svelte';

/** Why this person may not stop or repeat the job; `role` is theirs in its project, undefined where that is unknown. */
export function whyNot(
  job: Pick<Job, 'created_by' | 'project_id'>,
  role: string | null | undefined,
): string | undefined {
  if (session.user?.role === 'admin' || job.created_by === session.user?.id) return undefined;
  if (job.project_id && (role === undefined || atLeast(role, 'maintainer'))) return undefined;
  return 'Only whoever started it, a maintainer of its project or an administrator can do this.';
}

export function cancel(id: string): Promise<Job> {
  return must(api.POST('/api/v1/jobs/{job_id}/cancel', { params: { path: { job_id: id } } }));
}

/** Queue the job again as a new one and go to it. */
export async function retry(id: string): Promise<void> {
  const made = await attempt(() => must(api.POST('/api/v1/jobs/{job_id}/retry', { params: { path: { job_id: id } } })));
  if (!made) return;
  toasts.done('Queued again as a new job.');
  router.go(`/jobs/${made.id}`);
}
