/** Who is signed in, and the wait of every request for somebody to sign in again. */
import type { User } from '$/api/client';

class Session {
  user = $state<User | null>(null);
  /** True while a request waits for the person to sign in again in a dialog over the page. */
  expired = $state(false);
  #waiting: (() => void)[] = [];

  /** Resolves once somebody has signed in again. */
  again(): Promise<void> {
    this.expired = true;
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  began(user: User): void {
    this.user = user;
    this.expired = false;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  ended(): void {
    this.user = null;
  }
}

export const session = new Session();

const RANKS = { viewer: 0, reviewer: 1, maintainer: 2, admin: 3 } as const;
export type Role = keyof typeof RANKS;

/** Whether a role may do what needs at least `needed`; null is nobody. */
export function atLeast(role: string | null | undefined, needed: Role): boolean {
  return role != null && role in RANKS && RANKS[role as Role] >= RANKS[needed];
}
