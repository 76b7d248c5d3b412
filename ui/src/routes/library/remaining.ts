/** When a deleted picture is gone for good. */
import { counted } from '$/app/words';

const DAY = 86_400_000; // milliseconds

/** The ISO time that lies `days` after another one. */
export function end(iso: string, days: number): string {
  return new Date(Date.parse(iso) + days * DAY).toISOString();
}

/** "in 12 days", "within a day", "any moment now". */
export function remaining(iso: string, now = Date.now()): string {
  const left = Date.parse(iso) - now;
  if (left <= 0) return 'any moment now';
  return left < DAY ? 'within a day' : `in ${counted(Math.round(left / DAY), 'day')}`;
}
