/** Numbers, times and shares as people read them. */

const COUNT = new Intl.NumberFormat('en');
const UNITS = ['B', 'KB', 'MB', 'GB', 'TB'];

/** 1234 → "1,234". */
export function count(n: number): string {
  return COUNT.format(n);
}

/** "1 picture", "12 pictures". */
export function counted(n: number, one: string, many = `${one}s`): string {
  return `${count(n)} ${n === 1 ? one : many}`;
}

/** A share 0..1 as percent: 0.954 → "95.4 %", 1 → "100 %". */
export function percent(share: number, digits = 1): string {
  const text = (share * 100).toFixed(digits);
  return `${text.replace(/^100\.0+$/, '100')} %`;
}

export interface Interval {
  value: number;
  low: number | null;
  high: number | null;
}

/** A measured figure: a share as "95.1 %", anything else as "0.998". */
export function figure(value: number, share = true): string {
  return share ? percent(value) : value.toFixed(3);
}

/** With its interval: "95.1 % (92.0–97.8)" or "0.998 (0.997–0.999)"; "–" where there is none. */
export function interval(one: Interval | null | undefined, share = true): string {
  if (!one) return '–';
  const range = between(one, share);
  return figure(one.value, share) + (range ? ` (${range})` : '');
}

/** The interval alone: "92.0–97.8"; empty where it has none. */
export function between({ low, high }: Interval, share = true): string {
  if (low === null || high === null) return '';
  const bound = (x: number) => (share ? (x * 100).toFixed(1) : x.toFixed(3));
  return `${bound(low)}–${bound(high)}`;
}

/** Bytes as a short size: 1536 → "1.5 KB". */
export function bytes(n: number): string {
  let unit = 0;
  while (n >= 1000 && unit < UNITS.length - 1) {
    n /= 1000;
    unit++;
  }
  return `${unit === 0 || n >= 100 ? Math.round(n) : n.toFixed(1)} ${UNITS[unit]}`;
}

/** Seconds as people say them: 0.041 → "41 ms", 75 → "1 min 15 s", 3700 → "1 h 2 min". */
export function duration(seconds: number): string {
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min${whole % 60 ? ` ${whole % 60} s` : ''}`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

/** How long ago, from an ISO time: "just now", "5 min ago", "3 days ago". */
export function ago(iso: string, now = Date.now()): string {
  const seconds = (now - Date.parse(iso)) / 1000;
  if (seconds < 45) return 'just now';
  if (seconds < 3600) return `${Math.max(1, Math.round(seconds / 60))} min ago`;
  if (seconds < 86_400) return `${Math.round(seconds / 3600)} h ago`;
  const days = Math.round(seconds / 86_400);
  return days < 31 ? counted(days, 'day') + ' ago' : new Date(iso).toLocaleDateString('en-CA');
}

/** An ISO time in the reader's zone, to the minute. */
export function when(iso: string): string {
  return new Date(iso).toLocaleString('en-CA', { dateStyle: 'medium', timeStyle: 'short', hour12: false });
}

/** A calibrated confidence in words: what "0.93" promises. */
export function sureness(confidence: number): string {
  const of = Math.round(confidence * 100);
  if (of >= 99) return 'almost certain: right about 99 times of 100';
  if (of >= 90) return `very sure: right about ${of} times of 100`;
  if (of >= 70) return `fairly sure: right about ${of} times of 100`;
  if (of >= 50) return `unsure: right about ${of} times of 100`;
  return `guessing: right about ${of} times of 100`;
}
