"""`python -m sightloop`, where the script is not on the path."""

from __future__ import annotations

from sightloop.cli.main import main

main()
