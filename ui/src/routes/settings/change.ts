/** Change a project so that it can be taken back. */
import { api, must, type Schemas } from '$/api/client';
import type { useProject } from '$/app/project.svelte';
import { attempt } from '$/app/toasts.svelte';
import { undo } from '$/app/undo.svelte';

export type InView = ReturnType<typeof useProject>;
type Changes = Schemas['ProjectChange'];

/** Send `changes`; `before` holds the same keys as they were. False where it failed, which is said in a corner. */
export async function change(project: InView, changes: Changes, before: Changes, said: string): Promise<boolean> {
  const params = { path: { project: project.name } };
  const send = (body: Changes) => must(api.PATCH('/api/v1/projects/{project}', { params, body }));
  const done = await attempt(() => send({ ...changes, revision: project.detail.revision }));
  await project.reload();
  if (!done) return false;
  undo.push(said, async () => {
    await send(before);
    await project.reload();
  });
  return true;
}
