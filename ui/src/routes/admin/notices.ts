/** What the outside is told, and how far each telling has come, in words. */
import type { Schemas } from '$/api/client';
import { ago } from '$/app/words';

export type Delivery = Schemas['Delivery'];
export type Notice = Schemas['Notice'];
export type Hook = Schemas['WebhookShape'];

export const KINDS: Record<Notice['kind'], { text: string; kind: 'plain' | 'accent' | 'good' | 'warn' | 'bad' }> = {
  drift: { text: 'drift', kind: 'warn' },
  labels: { text: 'labels wanted', kind: 'accent' },
  training: { text: 'training', kind: 'plain' },
  gate: { text: 'verdict', kind: 'plain' },
  promotion: { text: 'promotion', kind: 'good' },
  rollback: { text: 'rollback', kind: 'bad' },
  test: { text: 'test', kind: 'plain' },
};

/** Whom a delivery is for: the host of its address, or the folder. */
export function target({ target, url }: Delivery): string {
  if (target === 'folder') return 'the folder';
  if (!url) return 'a removed webhook';
  return URL.canParse(url) ? new URL(url).host : url;
}

/** How far a delivery is; `why` is the last failure. */
export function progress(one: Delivery, now = Date.now()): { kind: 'good' | 'warn' | 'bad' | 'plain'; text: string } {
  const tries = one.tries === 1 ? '1 try' : `${one.tries} tries`;
  if (one.delivered_at) return { kind: 'good', text: `delivered ${ago(one.delivered_at, now)}` };
  if (!one.next_at) return { kind: 'bad', text: one.tries > 1 ? `given up after ${tries}` : 'not delivered' };
  if (one.tries === 0) return { kind: 'plain', text: 'waits' };
  return { kind: 'warn', text: `${tries}, again ${soon((Date.parse(one.next_at) - now) / 1000)}` };
}

function soon(seconds: number): string {
  if (seconds < 10) return 'in seconds';
  if (seconds < 90) return `in ${Math.round(seconds)} s`;
  return seconds < 5400 ? `in ${Math.round(seconds / 60)} min` : `in ${Math.round(seconds / 3600)} h`;
}

/** Why an address cannot be one that is told, as far as a page can see; undefined where it may. */
export function wrong(url: string): string | undefined {
  if (!url.trim()) return 'Say where to.';
  if (!URL.canParse(url.trim())) return 'This is no web address.';
  const { protocol, username, password } = new URL(url.trim());
  if (!/^https?:$/.test(protocol)) return 'Only http and https addresses are told.';
  return username || password ? 'Leave name and password out: the secret signs what is sent.' : undefined;
}
