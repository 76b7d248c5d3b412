"""Puts the built web page into the wheel, so that nobody who installs it needs Node.js."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class BuildPage(BuildHookInterface[Any]):
    """Builds the page where it is not built yet; an editable install leaves that to make."""

    def dependencies(self) -> list[str]:
        """Node.js from PyPI, where it will be needed and the system has none."""
        return [] if self._built() or self._npm()["on_path"]() else [self._npm()["NODE"]]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002  hatchling's signature
        """Before the files are collected."""
        if version != "editable" and not self._built():
            self._npm()["run"]("build")

    def _built(self) -> bool:
        return Path(self.root, "sightloop", "web", "static", "app", "index.html").is_file()

    def _npm(self) -> dict[str, Any]:
        return runpy.run_path(str(Path(self.root, "ui", "build.py")))
