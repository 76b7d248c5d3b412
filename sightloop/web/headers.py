"""The headers on every answer: nothing foreign is loaded, framed, sniffed or leaked."""

from __future__ import annotations

from starlette.types import Scope

Pairs = list[tuple[bytes, bytes]]

POLICY = "; ".join(
    (
        "default-src 'self'",
        "img-src 'self' data: blob:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
SECURITY: Pairs = [
    (b"content-security-policy", POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
]
UNDER_TLS: Pairs = [(b"strict-transport-security", b"max-age=31536000")]
PRIVATE = (b"cache-control", b"no-store")


def header(scope: Scope, name: bytes) -> str | None:
    """The first request header called `name` (lower case), or None."""
    for key, value in scope["headers"]:
        if key == name:
            return str(value, "latin-1")
    return None


def all_headers(scope: Scope, name: bytes) -> list[str]:
    """Every request header called `name` (lower case)."""
    return [str(value, "latin-1") for key, value in scope["headers"] if key == name]
