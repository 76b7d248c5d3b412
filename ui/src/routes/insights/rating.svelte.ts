/** How right the live model is about what people verified. */
import { api, must } from '$/api/client';
import { resource } from '$/app/resource.svelte';

/** Asked for the project called `name`, anew whenever `stamp` changes. */
export function rating(asked: () => { name: string; stamp: string }) {
  return resource((signal) => {
    const params = { path: { project: asked().name } };
    void asked().stamp;
    return must(api.GET('/api/v1/projects/{project}/accuracy', { params, signal }));
  });
}
