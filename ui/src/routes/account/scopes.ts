/** What an API token can be allowed to do, and how it is used. */
import type { Schemas } from '$/api/client';
import { atLeast, type Role } from '$/app/session.svelte';

export type Scope = Schemas['NewToken']['scopes'] extends (infer S)[] | undefined ? S : never;

interface Allowed {
  scope: Scope;
  may: string;
  needs: Role;
}

export const SCOPES: Allowed[] = [
  { scope: 'view', may: 'Look at projects, pictures and answers, and ask the model', needs: 'viewer' },
  { scope: 'export', may: 'Download pictures', needs: 'viewer' },
  { scope: 'label', may: 'Say what pictures show, and move them to the trash', needs: 'reviewer' },
  { scope: 'upload', may: 'Upload and import pictures', needs: 'reviewer' },
  { scope: 'train', may: 'Start and stop trainings', needs: 'maintainer' },
  { scope: 'promote', may: 'Decide which model is live', needs: 'maintainer' },
  { scope: 'manage', may: 'Change settings and members of projects', needs: 'maintainer' },
  { scope: 'administer', may: 'Look after accounts and storage', needs: 'admin' },
];

/** Those worth offering to somebody of this role; in projects they may have a higher one, but never an administrator's. */
export function offered(role: string | undefined): Allowed[] {
  return SCOPES.filter(({ scope }) => scope !== 'administer' || atLeast(role, 'admin'));
}

/** Days until a token ends; null is never. */
export const TERMS: { days: number | null; title: string }[] = [
  { days: 7, title: '7 days' },
  { days: 30, title: '30 days' },
  { days: 90, title: '90 days' },
  { days: 365, title: 'a year' },
  { days: null, title: 'until it is revoked' },
];

/** A command that tries the token out. */
export function example(origin: string, secret: string): string {
  return `curl -H "Authorization: Bearer ${secret}" ${origin}/api/v1/projects`;
}

export type State = 'good' | 'revoked' | 'expired';

/** Whether a token still works. */
export function state(token: Pick<Schemas['TokenShape'], 'expires_at' | 'revoked_at'>, now = Date.now()): State {
  if (token.revoked_at) return 'revoked';
  return token.expires_at && Date.parse(token.expires_at) <= now ? 'expired' : 'good';
}
