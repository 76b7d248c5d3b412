"""The documents of a mongoexport dump in plain words: BioSight's users and images."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any

from sightloop.core.entities import Json
from sightloop.core.errors import Missing, Rejected
from sightloop.flows.naming import clean
from sightloop.flows.skipping import Skipped

IDENTITY = ("email", "user_email", "mail")
TITLE = ("username", "name", "full_name", "user_name")
FILE = ("filename", "file_name", "original_filename", "original_name", "name")
PATH = ("path", "image_path", "file_path", "filepath", "organized_path", "current_path", "new_path")
PREDICTED = (
    "predicted_class",
    "prediction",
    "predicted_label",
    "predicted",
    "classification",
    "class",
    "class_name",
    "label",
)
CORRECTED = (
    "corrected_class",
    "correct_class",
    "corrected_label",
    "user_class",
    "user_label",
    "manual_class",
    "new_class",
)
CONFIDENCE = ("confidence", "confidence_score", "probability", "score")
UPLOADED = ("upload_date", "uploaded_at", "upload_time", "timestamp", "created_at", "date")
OWNER = ("user_id", "user", "owner", "uploaded_by", "user_email", "email", "username")
DRIFT = ("drift", "drift_flag", "is_drift", "drifted", "drift_detected", "checked_for_drift")


@dataclass(frozen=True)
class Account:
    """A user of BioSight; `keys` are all the words an image may name its owner by."""

    email: str
    name: str
    keys: frozenset[str]


@dataclass(frozen=True)
class Picture:
    """An image document; `corrected` is the class a person chose, None where nobody did."""

    key: str
    path: PurePosixPath
    predicted: str | None
    corrected: str | None
    owner: str | None
    uploaded_at: float | None
    meta: Json


def collections(dump: Path) -> tuple[Path | None, Path]:
    """The files of the two collections: `users` (optional) and `images`, in the folder `dump`, or `dump` alone.

    Raises:
        Missing: no file of images there.
    """
    if dump.is_file():
        beside = [path for path in sorted(dump.parent.glob("*users*.json*")) if path != dump]
        return (beside[0] if beside else None), dump
    files = sorted(path for path in dump.glob("*.json*") if path.is_file())
    people = [path for path in files if "users" in path.name.lower()]
    pictures = [path for path in files if path not in people and "image" in path.name.lower()]
    if not pictures:
        raise Missing(f"no images.json in {dump.name!r}.", hint="mongoexport --collection images --out images.json")
    return (people[0] if people else None), pictures[0]


def accounts(path: Path) -> tuple[list[Account], list[Skipped]]:
    """The users that have an e-mail address, and the documents that cannot be read."""
    found, skipped = [], []
    for line, document in _documents(path):
        email = _text(document, IDENTITY) or next((v for v in [_text(document, TITLE)] if v and "@" in v), None)
        if email is None:
            skipped.append(Skipped(f"{path.name}:{line}", "no e-mail address." if document else "not a JSON object."))
            continue
        name = _text(document, TITLE) or email.partition("@")[0]
        keys = {email.casefold(), name.casefold(), str(_plain(document.get("_id"))).casefold()}
        found.append(Account(email, name, frozenset(keys)))
    return found, skipped


def pictures(path: Path) -> tuple[list[Picture], list[Skipped]]:
    """The images, and the documents that cannot be read."""
    found, skipped = [], []
    for line, document in _documents(path):
        where = _text(document, PATH) or _text(document, FILE)
        if where is None:
            reason = "it names no file." if document else "not a JSON object."
            skipped.append(Skipped(f"{path.name}:{line}", reason))
        else:
            found.append(_picture(document, where=PurePosixPath(where.replace("\\", "/")), key=f"{path.name}:{line}"))
    return found, skipped


def _picture(document: Mapping[str, Any], *, where: PurePosixPath, key: str) -> Picture:
    name = PurePosixPath((_text(document, FILE) or where.name).replace("\\", "/")).name
    predicted, corrected = _text(document, PREDICTED), _text(document, CORRECTED)
    if not where.suffix:
        where = where / name
    if corrected is None and document.get("corrected") is True:
        corrected = where.parent.name or None
    drift = next((document[name] for name in DRIFT if name in document), None)
    meta = {
        "id": str(_plain(document.get("_id"))) if "_id" in document else None,
        "path": str(where),
        "name": name,
        "predicted": predicted,
        "confidence": _number(_first(document, CONFIDENCE)),
        "drift": _plain(drift),
    }
    return Picture(
        key=key,
        path=where,
        predicted=predicted,
        corrected=corrected,
        owner=_text(document, OWNER),
        uploaded_at=_time(_first(document, UPLOADED)),
        meta={"biosight": {name: value for name, value in meta.items() if value is not None}},
    )


def _documents(path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Line number and document; an empty one stands for a line that is none. Also reads `--jsonArray`."""
    try:
        text = path.read_text(encoding="utf-8-sig")
        if text.lstrip().startswith("["):
            listed = json.loads(text)
            yield from ((number, one if isinstance(one, dict) else {}) for number, one in enumerate(listed, 1))
            return
    except ValueError as error:
        raise Rejected(f"{path.name!r} is not JSON: {error}.", hint="Make it with mongoexport.") from error
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            yield number, _document(line)


def _document(line: str) -> Mapping[str, Any]:
    try:
        found = json.loads(line)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _first(document: Mapping[str, Any], names: Sequence[str]) -> Any:
    return next((document[name] for name in names if document.get(name) not in (None, "")), None)


def _text(document: Mapping[str, Any], names: Sequence[str]) -> str | None:
    value = _plain(_first(document, names))
    return clean(str(value)) or None if isinstance(value, str | int | float) and not isinstance(value, bool) else None


def _plain(value: Any) -> Any:
    """A value without MongoDB's wrapping: {"$oid": …}, {"$date": …}, {"$numberLong": …}."""
    if isinstance(value, dict) and len(value) == 1 and next(iter(value)).startswith("$"):
        return _plain(next(iter(value.values())))
    return value


def _number(value: Any) -> float | None:
    try:
        return float(_plain(value))
    except (TypeError, ValueError):
        return None


def _time(value: Any) -> float | None:
    """Seconds since 1970 of a mongo date (ISO text, or milliseconds), or of the ISO text BioSight wrote itself."""
    plain = _plain(value)
    if isinstance(plain, str) and not plain.lstrip("-").isdigit():
        try:
            read = datetime.fromisoformat(plain)
        except ValueError:
            return None
        return (read if read.tzinfo else read.replace(tzinfo=UTC)).timestamp()
    number = _number(plain)
    return number / 1000 if number is not None and number > 1e11 else number
