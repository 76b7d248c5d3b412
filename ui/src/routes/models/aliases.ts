/** What the server calls a version's place, in the page's words. */
import type { Schemas } from '$/api/client';

export type Version = Schemas['VersionShape'];

export const BADGES = {
  champion: { text: 'live', kind: 'good' },
  previous: { text: 'previous', kind: 'plain' },
  challenger: { text: 'candidate', kind: 'accent' },
} as const;

export function badge(alias: string | null | undefined): (typeof BADGES)[keyof typeof BADGES] | undefined {
  return alias && alias in BADGES ? BADGES[alias as keyof typeof BADGES] : undefined;
}
