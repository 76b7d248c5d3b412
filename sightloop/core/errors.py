"""The whole error tree; errors know no HTTP and no exit code, the doors map them.

SightloopError
├── Missing            no such thing, or not one this user may see
├── Rejected           the request does not fit; nothing was changed
│   ├── BadImage       not a picture that can be decoded safely
│   ├── BadArchive     a ZIP that cannot be read safely
│   └── BadBundle      a model file that is damaged or does not fit
├── Conflict           somebody else was first; carries the current value
├── Unauthenticated    nobody is signed in
├── Forbidden          signed in, but the role does not allow it
├── Throttled          too many tries; carries the seconds to wait
├── Overloaded         too much work at once; carries the seconds to wait
├── Unavailable        something this needs (model, database) is not there now
├── StorageFull        the disk is full; nothing was half-stored
├── GateRefused        a promotion was refused by its rule
└── Cancelled          a person asked this job to stop
"""

from __future__ import annotations


class SightloopError(Exception):
    """What happened, with the offending value, and a hint: what to do about it."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class Missing(SightloopError):
    """No such thing, or not one this user may see."""


class Rejected(SightloopError):
    """The request does not fit; nothing was changed."""


class BadImage(Rejected):
    """Not a picture that can be decoded safely."""


class BadArchive(Rejected):
    """A ZIP that cannot be read safely."""


class BadBundle(Rejected):
    """A model file that is damaged or does not fit."""


class Conflict(SightloopError):
    """Somebody else was first; `current` is the value that won, ready for JSON."""

    def __init__(self, message: str, *, current: object = None, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.current = current


class Unauthenticated(SightloopError):
    """Nobody is signed in."""


class Forbidden(SightloopError):
    """Signed in, but the role does not allow it."""


class _Waits(SightloopError):
    """An error that ends by itself; `retry_after` is in seconds."""

    def __init__(self, message: str, *, retry_after: int = 1, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.retry_after = retry_after


class Throttled(_Waits):
    """Too many tries."""


class Overloaded(_Waits):
    """Too much work at once; what was accepted still finishes."""


class Unavailable(_Waits):
    """Something this needs is not there now."""


class StorageFull(SightloopError):
    """The disk is full; nothing was half-stored."""


class GateRefused(SightloopError):
    """A promotion was refused by its rule."""


class Cancelled(SightloopError):
    """A person asked this job to stop."""
