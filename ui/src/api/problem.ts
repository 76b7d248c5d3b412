/** What the server says when it refuses (RFC 9457), or what went wrong on the way to it. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly detail: string,
    readonly hint = '',
    readonly title = '',
  ) {
    super(detail);
    this.name = 'Problem';
  }

  /** Whether asking again may help: nobody answered, or the server said that it is busy. */
  get passing(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

/** A refusal with the seconds after which the server wants to be asked again. */
export class Refusal extends Problem {
  constructor(
    told: Problem,
    readonly retryAfter: number,
  ) {
    super(told.status, told.detail, told.hint, told.title);
  }
}

/** A Problem out of whatever was thrown or answered. */
export function problem(cause: unknown, status = 0): Problem {
  if (cause instanceof Problem) return cause;
  if (cause && typeof cause === 'object' && 'detail' in cause) {
    const { detail, hint, title, status: told } = cause as Record<string, unknown>;
    return new Problem(Number(told ?? status), String(detail), String(hint ?? ''), String(title ?? ''));
  }
  if (status === 0) {
    return new Problem(
      0,
      'The server does not answer.',
      'Look whether it runs and whether you are online; what you did is still here.',
    );
  }
  return new Problem(status, `The server answered ${status}.`, 'Its log says why.');
}
