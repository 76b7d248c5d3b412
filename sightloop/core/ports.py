"""Protocols, only where two adapters exist."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from sightloop.core.arrays import Embedding, Pixels, ProbabilityMap, Scores
from sightloop.core.entities import Answer, Json, Progress, TrainingSet

Report = Callable[[Progress], None]  # raises Cancelled when a person asked to stop


@dataclass(frozen=True)
class BlobStat:
    """One stored blob; `modified` in seconds since 1970."""

    sha256: str
    size: int
    modified: float


class Blobs(Protocol):
    """Immutable bytes under their SHA-256, and derived files that can be made again."""

    @property
    def incoming(self) -> Path:
        """A local folder for files on their way in, on the same file system as the store where that matters."""

    def put(self, data: bytes) -> str:
        """Store `data` durably and return its SHA-256. Raises StorageFull."""

    def adopt(self, path: Path, sha256: str) -> None:
        """Move the finished local file `path` (content already hashed) into the store durably. Raises StorageFull."""

    def get(self, sha256: str) -> bytes:
        """The bytes. Raises Missing."""

    def path(self, sha256: str) -> Path:
        """A local read-only file with these bytes (downloaded once where the store is remote). Raises Missing."""

    def has(self, sha256: str) -> bool: ...

    def delete(self, sha256: str) -> None:
        """Remove the blob and everything derived from it; absent is fine."""

    def walk(self) -> Iterator[BlobStat]: ...

    def keep(self, kind: str, sha256: str, data: bytes) -> None:
        """Store a derived file (`kind` such as "thumb") of the blob `sha256`; it may be lost and made again."""

    def kept(self, kind: str, sha256: str) -> bytes | None: ...

    def check(self) -> None:
        """Prove that the store can be written to now; raises Unavailable or StorageFull."""


@dataclass(frozen=True)
class Outputs:
    """Raw outputs for a batch: `probabilities` (images, classes), `embeddings` (images, d), `off_domain` (images,).

    A model that segments adds `maps`, one (classes, height, width) for each picture at its own size. One made of
    several models adds who answered each picture (`routes`) and what the other said where it was asked to check
    (`audits`, a class or None); see `core.entities.Answer`.
    """

    probabilities: Scores
    embeddings: Embedding
    off_domain: Sequence[float | None]
    maps: Sequence[ProbabilityMap] = ()
    routes: Sequence[str] = ()
    audits: Sequence[str | None] = ()


class Predictor(Protocol):
    """A loaded bundle; safe to call from several threads."""

    @property
    def classes(self) -> tuple[str, ...]: ...

    @property
    def input_size(self) -> int | None:
        """The side in pixels that pictures are resized to; a decoder may shrink down to it, never where it is None."""

    def predict(self, batch: Sequence[Pixels]) -> Outputs: ...


class Family(Protocol):
    """How a bundle is made; a module with these names."""

    TASK: str
    Params: type[Any]
    DEFAULTS: Json

    def train(
        self, data: TrainingSet, params: Any, *, folder: Path, work: Path, report: Report, context: Json
    ) -> Json: ...


class Runtime(Protocol):
    """Where predictors run; takes encoded bytes and decodes each picture once."""

    def submit(
        self, data: bytes, *, project_id: str, facts: bool, version_id: str | None = None, timeout: float = 30.0
    ) -> Future[Answer]:
        """Queue one picture; `version_id` None means the project's live version, or facts only where there is none.

        Raises:
            Overloaded: the queue is full.
        The future raises BadImage for an undecodable picture, Overloaded when `timeout` (seconds) passed in the queue.
        """

    def queue_depth(self) -> int: ...

    def refresh(self) -> None:
        """Follow promotions now instead of within a second."""

    def close(self) -> None: ...


@dataclass(frozen=True)
class TrackedRun:
    """What an experiment server is told of a run; `key` names it for ever, `parent` is the outer run's id there.

    `state` is running, done, failed, cancelled or pruned; times in seconds since 1970.
    """

    key: str
    experiment: str
    name: str
    state: str
    started_at: float
    finished_at: float | None = None
    parent: str | None = None
    params: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class TrackedFigure:
    """A figure of a run at a step (an epoch; 0 for the final ones), measured `at` (seconds since 1970)."""

    name: str
    value: float
    step: int
    at: float


class Tracker(Protocol):
    """An experiment server that is only written to; what it is told twice is there once.

    Every method raises Unavailable where the server does not answer or does not let us in, Missing where it does not
    know the run it was told of, and Rejected where it refuses what it is told.
    """

    @property
    def address(self) -> str: ...

    def reach(self) -> None:
        """Find out within seconds whether the server answers."""

    def run(self, told: TrackedRun, *, remote: str | None) -> str:
        """Make the run, or find the one with its key, or bring the run `remote` up to date; returns the server's id."""

    def figures(self, remote: str, figures: Sequence[TrackedFigure]) -> None: ...

    def files(self, remote: str, files: Mapping[str, Path]) -> None:
        """Store local files with a run under the given names, such as "plots/roc.svg"."""

    def end(self, remote: str, *, state: str, at: float) -> None: ...

    def version(self, model: str, *, remote: str, tags: Mapping[str, str]) -> str:
        """List the files of a run as a version of a registered model; returns the server's number."""

    def aliases(self, model: str, wanted: Mapping[str, str]) -> None:
        """Let aliases of a registered model name these versions, and those of ours that are not wanted name none."""


class Poster(Protocol):
    """Posts to addresses that people typed in, and to no other place than they say."""

    def check(self, url: str) -> None:
        """Raise Rejected for what can never be posted to."""

    def post(self, url: str, body: bytes, *, headers: Mapping[str, str]) -> None:
        """Post once, within seconds. Raises Rejected (not allowed, or not answered with 2xx), Unavailable."""
