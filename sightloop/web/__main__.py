"""`python -m sightloop.web`: the server with the settings of the environment."""

from __future__ import annotations

import sys

from sightloop import settings
from sightloop.core.errors import SightloopError
from sightloop.web.server import serve


def main() -> int:
    """Serve; the exit code."""
    try:
        serve(settings.load())
    except SightloopError as error:
        sys.stderr.write(f"{error.message} {error.hint}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
