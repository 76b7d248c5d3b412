/** Whoever did something, by the id and the name that the server gives. */
import { session } from '$/app/session.svelte';

/** "you", a name, "the command line", or "the system" where nobody asked. */
export function who(id: string | null | undefined, name: string | null | undefined): string {
  if (id && id === session.user?.id) return 'you';
  if (name) return name;
  return id ? 'the command line' : 'the system';
}
