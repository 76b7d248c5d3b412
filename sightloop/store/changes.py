"""The one way an image row changes: the row, its revision, the tallies and the event, in the caller's transaction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from sightloop.core.entities import Image, Json
from sightloop.core.errors import Missing, Rejected
from sightloop.store import rows, tallies
from sightloop.store.database import lock, now
from sightloop.store.tables import doubts, embeddings, events, images, labels, predictions

NAME_KEY_LENGTH: Final = 100
UNSURE: Final = -1.0  # the surety of an image without a prediction, below every confidence
WANTS_FACTS, WANTS_ANSWER = 2, 1


@dataclass(frozen=True)
class Change:
    """One image before and after; `before` None adds it, `after` None removes it; `event` "" is not worth telling."""

    before: Image | None
    after: Image | None
    event: str
    by: str | None = None
    detail: Json = field(default_factory=dict)


def tab(image: Image) -> str:
    """Where the library shows an image: its class, or one of pending, unlabelled, duplicate and unreadable."""
    if image.status in ("unreadable", "duplicate"):
        return image.status
    return image.shown or ("pending" if image.status == "pending" else "unlabelled")


def issues(image: Image) -> list[str]:
    """The names of an image's quality issues."""
    return sorted(set(image.quality.get("issues", ())))


def hold(db: Connection, project_id: str) -> None:
    """Until the transaction ends, nobody else changes an image of this project."""
    lock(db, f"images:{project_id}")


def current(db: Connection, ids: Iterable[str], *, project_id: str | None = None) -> dict[str, Image]:
    """The images as they are now; with `project_id`, nobody else changes that project until the transaction ends."""
    if project_id is not None:
        hold(db, project_id)
    found = {}
    for piece in rows.chunks(list(dict.fromkeys(ids))):
        for row in db.execute(select(*rows.columns(images, Image)).where(images.c.id.in_(piece))):
            found[row.id] = Image(*row)
    return found


def current_one(db: Connection, image: Image) -> Image:
    """The image as it is now, its project locked; raises Missing where it is gone."""
    found = current(db, [image.id], project_id=image.project_id)
    if image.id not in found:
        raise Missing(f"no image {image.id!r}.")
    return found[image.id]


def save(db: Connection, changes: Sequence[Change]) -> list[Image]:
    """Write changes of images of one project, whose rows were read by `current` in this transaction.

    Returns:
        The images after it, each with its new revision; without the removed ones.

    Raises:
        Rejected: images of several projects, whose tallies would be mixed up.
    """
    if not changes:
        return []
    if len({_image(change).project_id for change in changes}) > 1:
        raise Rejected("one batch changes images of several projects.", hint="Make a batch for each project.")
    at = now(db)
    done = [_numbered(change) for change in changes]
    _insert(db, [change.after for change in done if change.before is None and change.after])
    _update(db, [(change.before, change.after) for change in done if change.before and change.after])
    _delete(db, [change.before.id for change in done if change.before and change.after is None])
    _count(db, done)
    _tell(db, done, at=at)
    return [change.after for change in done if change.after]


def _numbered(change: Change) -> Change:
    """A new revision, except for bookkeeping that tells no event: it changes nothing that a person judges by."""
    if change.before is None or change.after is None or not change.event:
        return change
    return replace(change, after=replace(change.after, revision=change.before.revision + 1))


def _row(image: Image) -> Json:
    waiting = WANTS_FACTS if image.status == "pending" else 0
    if image.status == "ready" and image.version_id is None:
        waiting = WANTS_ANSWER
    return rows.values(image) | {
        "tab": tab(image),
        "corrected": image.corrected,
        "trashed": image.trashed_at is not None,
        "surety": _surety(image),
        "name_key": image.name.casefold()[:NAME_KEY_LENGTH],
        "issues": "".join(f",{issue}" for issue in issues(image)) + ("," if issues(image) else ""),
        "waiting": 0 if image.trashed_at is not None else waiting,
    }


def _surety(image: Image) -> float:
    """What is sorted by where the least sure come first."""
    if image.certainty is not None:
        return image.certainty
    return UNSURE if image.confidence is None else image.confidence


def _insert(db: Connection, added: Sequence[Image]) -> None:
    if added:
        db.execute(insert(images), [_row(image) for image in added])


def _update(db: Connection, pairs: Sequence[tuple[Image, Image]]) -> None:
    """Set only the columns that changed in any pair, so that untouched indexes stay untouched."""
    both = [(_row(before), _row(after)) for before, after in pairs]
    changed = sorted({name for before, after in both for name in after if before[name] != after[name]})
    if not both:
        return
    statement = update(images).where(images.c.id == bindparam("its_id"))
    statement = statement.values({name: bindparam(f"new_{name}") for name in changed})
    db.execute(statement, [{"its_id": row["id"]} | {f"new_{name}": row[name] for name in changed} for _, row in both])


def _delete(db: Connection, ids: Sequence[str]) -> None:
    for piece in rows.chunks(ids):
        for table in (labels, predictions, embeddings, doubts, events):
            db.execute(delete(table).where(table.c.image_id.in_(piece)))
        db.execute(delete(images).where(images.c.id.in_(piece)))


def _count(db: Connection, changes: Sequence[Change]) -> None:
    counts: tallies.Counts = Counter()
    for change in changes:
        if change.before:
            counts.subtract(tallies.of(change.before, tab=tab(change.before), issues=issues(change.before)))
        if change.after:
            counts.update(tallies.of(change.after, tab=tab(change.after), issues=issues(change.after)))
    tallies.add(db, _image(changes[0]).project_id, counts)


def _tell(db: Connection, changes: Sequence[Change], *, at: float) -> None:
    told = [
        {
            "project_id": _image(change).project_id,
            "image_id": _image(change).id,
            "kind": change.event,
            "by": change.by,
            "at": at,
            "detail": change.detail,
        }
        for change in changes
        if change.event
    ]
    if told:
        db.execute(insert(events), told)


def _image(change: Change) -> Image:
    image = change.after or change.before
    assert image is not None
    return image
