"""Who may call from a browser: the same site always, other origins only by name."""

from __future__ import annotations

from collections.abc import Collection
from urllib.parse import urlsplit

from starlette.types import Scope

from sightloop.core.errors import Forbidden
from sightloop.web.headers import Pairs, header

METHODS = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"})
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
PROOF = b"x-sightloop"


def refuse_forged(scope: Scope, *, trusted: Collection[str], by_cookie: bool) -> None:
    """Raise Forbidden for an unsafe request that another site may have made a browser send.

    The browser's own word (Sec-Fetch-Site, else Origin) must name this site or a trusted one, and a request that
    rides on a cookie must carry the header `X-Sightloop: 1`, which no form and no foreign script can set.
    """
    if scope["method"] in SAFE_METHODS:
        return
    if _foreign(scope, trusted=trusted):
        raise Forbidden("this request came from another site.", hint="Use the page of this server or an API token.")
    if by_cookie and header(scope, PROOF) != "1":
        raise Forbidden("the header X-Sightloop is missing.", hint="Send `X-Sightloop: 1`, or use an API token.")


def _foreign(scope: Scope, *, trusted: Collection[str]) -> bool:
    origin = header(scope, b"origin")
    if origin in trusted:
        return False
    site = header(scope, b"sec-fetch-site")
    if site is not None:
        return site not in ("same-origin", "none")
    return origin is not None and urlsplit(origin).netloc.lower() != (header(scope, b"host") or "").lower()


def sharing(scope: Scope, *, trusted: Collection[str]) -> Pairs:
    """CORS headers for a trusted origin, none for any other."""
    origin = header(scope, b"origin")
    if origin is None or origin not in trusted:
        return []
    return [
        (b"access-control-allow-origin", origin.encode("latin-1")),
        (b"access-control-allow-credentials", b"true"),
        (b"access-control-expose-headers", b"X-Request-ID, Retry-After"),
        (b"vary", b"Origin"),
    ]


def preflight(scope: Scope, *, trusted: Collection[str]) -> Pairs | None:
    """The headers that answer a trusted origin's preflight; None where this is no such request."""
    if scope["method"] != "OPTIONS" or header(scope, b"access-control-request-method") is None:
        return None
    shared = sharing(scope, trusted=trusted)
    if not shared:
        return None
    return [
        *shared,
        (b"access-control-allow-methods", b"GET, POST, PUT, PATCH, DELETE"),
        (b"access-control-allow-headers", b"Authorization, Content-Type, Idempotency-Key, X-Request-ID, X-Sightloop"),
        (b"access-control-max-age", b"600"),
    ]
