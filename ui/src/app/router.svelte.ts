/** The address bar as state: a view's whole state lives in its path and query. */

class Router {
  path = $state(location.pathname);
  query = $state.raw(new URLSearchParams(location.search));
  /** Set by a page with something unsaved: it is handed the way to another page instead of being left. */
  hold: ((leave: () => void) => void) | undefined;

  constructor() {
    addEventListener('popstate', () => this.#pop());
    document.addEventListener('click', (event) => this.#follow(event));
  }

  /** Go to an address inside the application. */
  go(href: string, options: { replace?: boolean } = {}): void {
    if (this.hold && new URL(href, location.href).pathname !== this.path)
      return this.hold(() => this.go(href, options));
    history[options.replace ? 'replaceState' : 'pushState'](null, '', href);
    this.#read();
    if (!options.replace) scrollTo(0, 0);
  }

  /** Change some of the query and leave the rest; null, undefined and '' remove a key. */
  set(changes: Record<string, string | number | boolean | null | undefined>, options: { push?: boolean } = {}): void {
    const query = new URLSearchParams(this.query);
    for (const [key, value] of Object.entries(changes)) {
      if (value === null || value === undefined || value === '') query.delete(key);
      else query.set(key, String(value));
    }
    const text = query.toString();
    this.go(this.path + (text ? `?${text}` : ''), { replace: !options.push });
  }

  /** Where to come back to: the path with its query. */
  get here(): string {
    const text = this.query.toString();
    return this.path + (text ? `?${text}` : '');
  }

  /** The browser has gone back already: where the page is held it comes forward again first. */
  #pop(): void {
    const { href, pathname } = location;
    if (!this.hold || pathname === this.path) return this.#read();
    history.pushState(null, '', this.here);
    this.hold(() => this.go(href, { replace: true }));
  }

  #read(): void {
    this.path = location.pathname;
    this.query = new URLSearchParams(location.search);
  }

  #follow(event: MouseEvent): void {
    if (
      event.defaultPrevented ||
      event.button !== 0 ||
      event.metaKey ||
      event.ctrlKey ||
      event.shiftKey ||
      event.altKey
    )
      return;
    const link = (event.target as Element | null)?.closest?.('a[href]');
    if (!(link instanceof HTMLAnchorElement) || link.target || link.hasAttribute('download')) return;
    if (link.origin !== location.origin || /^\/(api|docs|openapi\.json|static|metrics)(\/|$)/.test(link.pathname))
      return;
    event.preventDefault();
    this.go(link.pathname + link.search + link.hash);
  }
}

export const router = new Router();

/** An address inside the application for `next=`; anything foreign becomes the start page. */
export function safeNext(next: string | null): string {
  if (!next) return '/';
  const url = URL.canParse(next, location.origin) ? new URL(next, location.origin) : null;
  if (!url || url.origin !== location.origin || url.pathname.startsWith('/login')) return '/';
  return url.pathname + url.search + url.hash;
}

/** The parameters of `path` under a pattern such as `/p/:project/images/:id`, null where it does not fit. */
export function match(pattern: string, path: string): Record<string, string> | null {
  const wanted = pattern.split('/');
  const given = path.replace(/(.)\/$/, '$1').split('/');
  if (wanted.length !== given.length) return null;
  const found: Record<string, string> = {};
  for (const [index, part] of wanted.entries()) {
    const value = given[index] ?? '';
    if (part.startsWith(':')) {
      if (!value) return null;
      try {
        found[part.slice(1)] = decodeURIComponent(value);
      } catch {
        return null;
      }
    } else if (part !== value) return null;
  }
  return found;
}
