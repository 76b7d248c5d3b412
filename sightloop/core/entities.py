"""The records that travel between floors: frozen, times in seconds since 1970 (UTC), sizes in bytes or pixels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from sightloop.core.arrays import Embedding, Levels

Role = Literal["viewer", "reviewer", "maintainer", "admin"]
Side = Literal["train", "calibration", "test", "none"]
ImageStatus = Literal["pending", "ready", "unreadable", "duplicate"]
JobState = Literal["queued", "running", "done", "failed", "cancelled"]
Json = dict[str, Any]

UNKNOWN = "unknown"
NOTHING = "nothing"  # the word for a picture without any mask


@dataclass(frozen=True)
class User:
    """An account; `role` is the role outside projects, admins see everything."""

    id: str
    email: str
    name: str
    role: Role
    created_at: float
    disabled_at: float | None = None


@dataclass(frozen=True)
class Project:
    """Images, labels, models and a policy that belong together; `name` is the slug in URLs."""

    id: str
    name: str
    title: str
    task: str
    recipe: str
    classes: tuple[str, ...]
    floor: float
    settings: Json
    created_by: str | None
    created_at: float
    revision: int = 1
    live_version_id: str | None = None
    previous_version_id: str | None = None

    def word(self, predicted: str, confidence: float) -> str:
        """A model's word for a picture; of a mask `nothing`, where its surest pixels are below the threshold."""
        return NOTHING if self.task == "segment" and confidence < self.floor else predicted


@dataclass(frozen=True)
class Image:
    """One stored file and what is known of it now; every change raises `revision`.

    `predicted` is what the model said (arg-max), `shown` what the product shows (a class or `unknown`), `label` what a
    human said. `group_id` is the id of the first image of its near-duplicate group, whose `side` never changes.

    Where the project segments, these words name the largest class of a mask, or `nothing`. `mask` is then the SHA-256
    of the mask a human drew (None with the label `nothing`: an empty one), `agreement` its Dice with the model's mask,
    and `certainty` the Dice that the model expects of its own; all three are None otherwise. `action` says how the word
    was given: import, correct, verify.
    """

    id: str
    project_id: str
    sha256: str
    name: str
    media_type: str
    size: int
    created_at: float
    status: ImageStatus = "pending"
    reason: str | None = None
    duplicate_of: str | None = None
    width: int | None = None
    height: int | None = None
    source: str = "upload"
    site: str | None = None
    captured_at: float | None = None
    uploaded_by: str | None = None
    pixel_hash: str | None = None
    phash: str | None = None
    group_id: str | None = None
    side: Side = "none"
    quality: Json = field(default_factory=dict)
    meta: Json = field(default_factory=dict)
    predicted: str | None = None
    confidence: float | None = None
    prediction_id: str | None = None
    version_id: str | None = None
    shown: str | None = None
    label: str | None = None
    labelled_by: str | None = None
    labelled_at: float | None = None
    verified: bool = False
    revision: int = 1
    trashed_at: float | None = None
    mask: str | None = None
    agreement: float | None = None
    certainty: float | None = None
    action: str | None = None

    @property
    def corrected(self) -> bool:
        """Whether a human said something else than the model (the ★); a mask brought along is no correction."""
        if self.agreement is not None:
            return self.agreement < 1 and self.action == "correct"
        return self.label is not None and self.predicted is not None and self.label != self.predicted


@dataclass(frozen=True)
class Facts:
    """What one decode of a file tells, model or not; `thumbnail` is a WebP without metadata."""

    width: int
    height: int
    media_type: str
    pixel_hash: str
    phash: str
    quality: Json
    captured_at: float | None
    thumbnail: bytes


@dataclass(frozen=True)
class Answer:
    """What the runtime returns for one picture.

    `probabilities` are calibrated, in the order of `classes`, and sum to 1; both are empty where the project has no
    model. `off_domain` is the share (0..1) of ordinary pictures that are less strange to the model.

    `route` is who answered: "single", or of a cascade "fast", "accurate", or "human" where neither is sure enough.
    `audit` is what the accurate member of a cascade says of an answer that the fast one gave, where that was asked.

    Of a model that segments, `probabilities` are those of each class's surest pixels and sum to anything; `map` is its
    packed probability map (`vision.masks.pack_map`) and `levels` counts the pixels of each of its values.
    """

    version_id: str | None
    version: int | None
    classes: tuple[str, ...]
    probabilities: tuple[float, ...]
    embedding: Embedding | None
    off_domain: float | None
    route: str
    seconds: float
    worker: int
    facts: Facts | None
    map: bytes | None = None
    levels: Levels | None = None
    audit: str | None = None


@dataclass(frozen=True)
class Verdict:
    """What a task makes of an answer: `predicted` is the arg-max, `shown` may be `unknown` with its `reason`.

    `figures` are what the task measured beside: of a mask its `certainty`, `area_share` and `threshold`.
    """

    predicted: str
    shown: str
    confidence: float
    reason: str | None = None
    figures: Json = field(default_factory=dict)


@dataclass(frozen=True)
class Prediction:
    """What a model version said of an image, append-only."""

    id: str
    image_id: str
    project_id: str
    version_id: str
    predicted: str
    shown: str
    confidence: float
    probabilities: Mapping[str, float]
    route: str
    seconds: float
    off_domain: float | None
    created_at: float
    figures: Json | None = None


@dataclass(frozen=True)
class Label:
    """What a human said of an image, append-only; `value` None takes an earlier word back, `mask` is its SHA-256."""

    id: str
    image_id: str
    project_id: str
    value: str | None
    action: str
    by: str | None
    created_at: float
    mask: str | None = None


@dataclass(frozen=True)
class Drawn:
    """A human's mask: its SHA-256 (None: it is empty), and its Dice with the model's (None: there is none)."""

    mask: str | None
    agreement: float | None


@dataclass(frozen=True)
class Example:
    """One labelled picture of a training set; `path` is its original file, `target` an index into the classes.

    Where masks are learnt, `mask` is the file of this one's, None an empty one, and `target` 1 unless it is empty.
    A picture of `weight` 3 counts in the training as three of its kind would.
    """

    image_id: str
    path: str
    target: int
    group_id: str
    mask: str | None = None
    weight: float = 1.0


@dataclass(frozen=True)
class TrainingSet:
    """What a family learns from; the test side is never in it.

    `certification` are pictures of the calibration side that nothing may be fitted or chosen on: they certify.
    """

    classes: tuple[str, ...]
    train: tuple[Example, ...]
    calibration: tuple[Example, ...]
    certification: tuple[Example, ...] = ()


@dataclass(frozen=True)
class Snapshot:
    """An immutable data set version; `manifest` is the blob that lists its rows, `hash` its SHA-256."""

    id: str
    project_id: str
    hash: str
    counts: Json
    created_by: str | None
    created_at: float


@dataclass(frozen=True)
class ModelVersion:
    """A bundle in a project's registry; `bundle` is the SHA-256 of its packed file."""

    id: str
    project_id: str
    number: int
    bundle: str
    family: str
    params: Json
    snapshot_id: str | None
    metrics: Json
    created_by: str | None
    created_at: float


@dataclass(frozen=True)
class Promotion:
    """A row of the deployment log."""

    seq: int
    project_id: str
    version_id: str
    replaced_id: str | None
    action: str
    by: str | None
    reason: str
    created_at: float
    detail: Json | None = None


@dataclass(frozen=True)
class Job:
    """A list of steps that one worker at a time carries on; `fence` grows with every claim."""

    id: str
    project_id: str | None
    kind: str
    steps: tuple[str, ...]
    step: int
    params: Json
    state: JobState
    progress: float
    message: str
    context: Json
    error: str | None
    tries: int
    fence: int
    worker: str | None
    cancel_requested: bool
    created_by: str | None
    created_at: float
    started_at: float | None
    finished_at: float | None
    heartbeat_at: float | None


@dataclass(frozen=True)
class Progress:
    """How far slow work is: `done` of `total`, a sentence, and figures worth plotting."""

    done: float
    total: float
    message: str
    figures: Mapping[str, float] = field(default_factory=dict)
