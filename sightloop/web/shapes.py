"""The JSON that the API speaks: times as ISO 8601 UTC, everything else as in `core.entities`."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import PurePath
from typing import Annotated, Any, Generic, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, PlainSerializer, WithJsonSchema

from sightloop.core.entities import ImageStatus, JobState, Json, Role, Side

T = TypeVar("T")

FOLDERS = re.compile(r"(?<![\w.:/~-])/(?:[^\s/'\"]+/)+")


def iso(seconds: float) -> str:
    """Seconds since 1970 as ISO 8601 in UTC, to the millisecond."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def iso_times(value: Any) -> Any:
    """A free JSON value with every time under a key that is `at`, or ends in `_at`, written as ISO 8601.

    Times are floats above 1; a whole number there is a count, and a float up to 1 a share, of a class called so.
    """
    if isinstance(value, dict):
        return {key: iso(one) if _is_time(str(key), one) else iso_times(one) for key, one in value.items()}
    return [iso_times(one) for one in value] if isinstance(value, (list, tuple)) else value


def _is_time(key: str, value: Any) -> bool:
    return (key == "at" or key.endswith("_at")) and isinstance(value, float) and value > 1


Instant = Annotated[
    float, PlainSerializer(iso, return_type=str), WithJsonSchema({"type": "string", "format": "date-time"})
]


class Shape(BaseModel):
    """Read from a record or a dict."""

    model_config = ConfigDict(from_attributes=True)


class Request(BaseModel):
    """A JSON body; an unknown key is refused, so that a typing error is not silently ignored."""

    model_config = ConfigDict(extra="forbid")


class Listed(BaseModel, Generic[T]):
    """A whole list."""

    items: list[T]


class Paged(BaseModel, Generic[T]):
    """One page; `next_cursor` asks for the next one and is null at the end. `total` stands on the first page only."""

    items: list[T]
    next_cursor: str | None = None
    total: int | None = None


class UserShape(Shape):
    """An account."""

    id: str
    email: str
    name: str
    role: Role
    created_at: Instant
    disabled_at: Instant | None = None


class ProjectShape(Shape):
    """A project."""

    id: str
    name: str
    title: str
    task: str
    recipe: str
    classes: list[str]
    floor: float
    settings: Json
    created_by: str | None
    created_at: Instant
    revision: int
    live_version_id: str | None
    previous_version_id: str | None


class ImageShape(Shape):
    """A picture and what is known of it now."""

    id: str
    project_id: str
    sha256: str
    name: str
    media_type: str
    size: int
    created_at: Instant
    status: ImageStatus
    reason: str | None
    duplicate_of: str | None
    width: int | None
    height: int | None
    source: str
    site: str | None
    captured_at: Instant | None
    uploaded_by: str | None
    group_id: str | None
    side: Side
    quality: Json
    predicted: str | None
    confidence: float | None
    version_id: str | None
    shown: str | None
    label: str | None
    labelled_by: str | None
    labelled_at: Instant | None
    verified: bool
    corrected: bool
    revision: int
    trashed_at: Instant | None
    mask: str | None
    agreement: float | None
    certainty: float | None


class PredictionShape(Shape):
    """What a model version said of a picture."""

    id: str
    version_id: str
    predicted: str
    shown: str
    confidence: float
    probabilities: dict[str, float]
    route: str
    seconds: float
    off_domain: float | None
    created_at: Instant
    figures: Json | None


def without_folders(text: str) -> str:
    """A text with every absolute path cut down to its last name: where things lie on this machine is nobody's business.

    What we say ourselves names no folder, but a traceback and the system's and the libraries' messages do.
    """
    return FOLDERS.sub("", text)


def _name_only(params: Json) -> Json:
    return {**params, "path": PurePath(params["path"]).name} if "path" in params else params


Spoken = Annotated[str, AfterValidator(without_folders)]


class JobShape(Shape):
    """Long work: its steps, how far it is, and how it ended.

    `elapsed` and `remaining` are seconds: since it began, and estimated to the end of the current step.
    """

    id: str
    project_id: str | None
    project: str | None
    kind: str
    steps: list[str]
    step: int
    params: Annotated[Json, AfterValidator(_name_only)]
    state: JobState
    progress: float
    message: Spoken
    context: Json
    error: Spoken | None
    tries: int
    cancel_requested: bool
    created_by: str | None
    by_name: str | None
    created_at: Instant
    started_at: Instant | None
    finished_at: Instant | None
    elapsed: float | None
    remaining: float | None


class PromotionShape(Shape):
    """A row of the deployment log; without a name in `by_name` it was the command line or the system."""

    seq: int
    version_id: str
    version: int | None
    replaced_id: str | None
    replaced: int | None
    action: str
    by: str | None
    by_name: str | None
    reason: str
    created_at: Instant
    detail: Json | None
