"""Loaded bundles: which one is live for a project, swapped without stopping."""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from sightloop import bundles, telemetry
from sightloop.core.errors import SightloopError
from sightloop.core.ports import Predictor

log = logging.getLogger(__name__)

POLL_SECONDS = 1.0
EXTRA_MODELS = 4  # versions kept loaded beside the live ones


class Source(Protocol):
    """Where the truth about versions is; may raise any SightloopError."""

    def live(self) -> Mapping[str, str]:
        """Project id → id of its live version, for all projects that have one."""

    def number(self, version_id: str) -> int:
        """The version's number within its project."""

    def folder(self, version_id: str) -> Path:
        """The unpacked bundle of a version."""


@dataclass(frozen=True)
class Loaded:
    """A model version in memory."""

    version_id: str
    number: int
    predictor: Predictor


class Models:
    """Keeps the live version of each used project loaded; `start` begins to follow promotions."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self._live: dict[str, str] = {}
        self._loaded: OrderedDict[str, Loaded] = OrderedDict()
        self._loading = threading.Lock()
        self._stop = threading.Event()
        self._poller: threading.Thread | None = None

    def start(self) -> None:
        """Read the live rows once, then follow them every second in the background."""
        self._live = dict(self.source.live())
        self._poller = threading.Thread(target=self._poll, name="live-models", daemon=True)
        self._poller.start()

    def stop(self) -> None:
        """End the background thread."""
        self._stop.set()
        if self._poller:
            self._poller.join()

    def get(self, project_id: str, version_id: str | None) -> Loaded | None:
        """The asked version, else the live one, else None. Raises BadBundle, Missing."""
        wanted = version_id or self._live.get(project_id) or self._first(project_id)
        if wanted is None:
            return None
        return self._loaded.get(wanted) or self._load(wanted)

    def _first(self, project_id: str) -> str | None:
        """The live version of a project that had none a second ago: no picture passes by its first model."""
        self._follow()
        return self._live.get(project_id)

    def refresh(self) -> None:
        """Load what was promoted beside what is served, then switch; a refused bundle keeps the last good one."""
        for project_id, version_id in self.source.live().items():
            before = self._live.get(project_id)
            if before == version_id:
                continue
            if before in self._loaded and not self._try_load(version_id):
                continue
            self._live[project_id] = version_id
            if before is not None:
                telemetry.count_swap()

    def _poll(self) -> None:
        while not self._stop.wait(POLL_SECONDS):
            self._follow()

    def _follow(self) -> None:
        try:
            self.refresh()
        except SightloopError as error:
            log.warning("live models not read: %s", error)

    def _try_load(self, version_id: str) -> bool:
        try:
            self._load(version_id)
        except SightloopError:
            log.exception("model version %s refused, the last good one stays", version_id)
            return False
        return True

    def _load(self, version_id: str) -> Loaded:
        with self._loading:
            if version_id in self._loaded:
                return self._loaded[version_id]
            predictor = bundles.load(self.source.folder(version_id))
            loaded = Loaded(version_id, self.source.number(version_id), predictor)
            self._loaded[version_id] = loaded
            self._forget_old()
            telemetry.set_models(len(self._loaded))
            return loaded

    def _forget_old(self) -> None:
        spare = [version for version in self._loaded if version not in self._live.values()]
        for version in spare[: max(0, len(spare) - EXTRA_MODELS)]:
            del self._loaded[version]
