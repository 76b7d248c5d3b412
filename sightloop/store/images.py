"""Images: adding, finding, labelling and removing them; `answers` holds what a model says, `filtering` the pages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from sqlalchemy import Connection, insert, select

from sightloop.core.entities import UNKNOWN, Drawn, Image, Json, Label, Prediction
from sightloop.core.errors import Conflict, Missing, Rejected
from sightloop.core.ids import new_id
from sightloop.store import answers, changes, doubts, filtering, outcomes, rows, wanted
from sightloop.store.changes import Change
from sightloop.store.database import lock, now
from sightloop.store.tables import events, images, labels, predictions

MAX_SITE: Final = 200  # characters; it is part of an index

Filters = filtering.Filters
page = filtering.page
many = filtering.many
count = filtering.count
counts = filtering.counts
stream = filtering.stream
apply_answers = answers.apply_answers
apply_facts = answers.apply_facts
apply_prediction = answers.apply_prediction
mark_unreadable = answers.mark_unreadable
pending = answers.pending
refloor = answers.refloor


def add(db: Connection, image: Image) -> tuple[Image, bool]:
    """Add an image and say whether it is new; the same bytes in a project are one image, taken out of the trash."""
    return add_many(db, [image])[0]


def add_many(db: Connection, added: Sequence[Image]) -> list[tuple[Image, bool]]:
    """Add images of one project in the caller's transaction; a preset `label` is recorded as imported.

    Returns:
        For each, in order, the image as it is now and whether this call made it.
    """
    if not added:
        return []
    project_id = added[0].project_id
    _check(added, project_id)
    changes.hold(db, project_id)
    there = changes.current(db, known(db, project_id, [image.sha256 for image in added]).values())
    now_there = {image.sha256: image for image in there.values()}
    fresh: dict[str, Change] = {}
    for image in added:
        if image.sha256 not in now_there and image.sha256 not in fresh:
            fresh[image.sha256] = Change(
                None, _labelled_new(image), "stored", image.uploaded_by, {"source": image.source}
            )
    thrown = [image for image in now_there.values() if image.trashed_at is not None]
    now_there |= {image.sha256: image for image in restore_many(db, thrown, by=added[0].uploaded_by)}
    now_there |= {image.sha256: image for image in changes.save(db, list(fresh.values()))}
    _log_labels(db, [change.after for change in fresh.values() if change.after and change.after.label], action="import")
    return [(now_there[image.sha256], fresh.pop(image.sha256, None) is not None) for image in added]


def get(db: Connection, image_id: str) -> Image:
    """The image; raises Missing."""
    found = filtering.many(db, [image_id])
    if not found:
        raise Missing(f"no image {image_id!r}.")
    return found[0]


def by_sha(db: Connection, project_id: str, sha256: str) -> Image | None:
    """The image of a project with these bytes, trashed or not."""
    query = select(*rows.columns(images, Image)).where(images.c.project_id == project_id, images.c.sha256 == sha256)
    row = db.execute(query).one_or_none()
    return None if row is None else Image(*row)


def known(db: Connection, project_id: str, hashes: Iterable[str]) -> dict[str, str]:
    """Which of these bytes a project has, trashed or not: SHA-256 → image id."""
    found: dict[str, str] = {}
    query = select(images.c.sha256, images.c.id).where(images.c.project_id == project_id)
    for piece in rows.chunks(list(dict.fromkeys(hashes))):
        found |= {row[0]: row[1] for row in db.execute(query.where(images.c.sha256.in_(piece)))}
    return found


def relabel(
    db: Connection,
    image: Image,
    *,
    value: str | None,
    action: str,
    by: str | None,
    revision: int | None = None,
    drawn: Drawn | None = None,
) -> Image:
    """Record what a human said; the latest human word is shown, None takes it back.

    An answer that a model gave meanwhile is no conflict for whoever says the class: the word does not depend on it.

    Raises:
        Conflict: somebody changed the image since `revision`; carries what it is now.
    """
    before = _unchanged(db, image, revision=revision, but_for_answers=value is not None and drawn is None)
    return relabel_many(db, [(before, value)], action=action, by=by, drawn={image.id: drawn} if drawn else {})[0]


def verify(db: Connection, image: Image, *, by: str | None, revision: int | None = None) -> Image:
    """Record that what is shown now is right.

    Raises:
        Conflict: somebody changed the image since `revision`; carries what it is now.
        Rejected: nothing is shown that could be right.
    """
    before = _unchanged(db, image, revision=revision)
    word = before.label or before.shown
    if word is None or word == UNKNOWN:
        raise Rejected(f"image {image.id!r} has no answer to verify.", hint="Say what it shows instead.")
    return relabel_many(db, [(before, word)], action="verify", by=by)[0]


def relabel_many(
    db: Connection,
    words: Sequence[tuple[Image, str | None]],
    *,
    action: str,
    by: str | None,
    drawn: Mapping[str, Drawn] | None = None,
) -> list[Image]:
    """Record a human's words for many images of one project, whatever their revisions; purged ones are left out.

    Args:
        drawn: the masks that words are about, by image id.
    """
    if not words:
        return []
    there = changes.current(db, [image.id for image, _ in words], project_id=words[0][0].project_id)
    at = now(db)
    last = {image.id: value for image, value in words}
    masks = drawn or {}
    done = [
        _relabelled(db, there[name], last[name], by=by, at=at, action=action, drawn=masks.get(name))
        for name in last
        if name in there
    ]
    after = changes.save(db, done)
    _log_labels(db, after, action=action, by=by, at=at)
    doubts.settle(db, [image.id for image in after if image.label is not None])
    wanted.settle(db, [image.id for image in after if image.label is not None], at=at)
    wanted.reopen(db, [image.id for image in after if image.label is None])
    return after


def trash(db: Connection, image: Image, *, by: str | None) -> Image:
    """Hide an image until it is restored or purged."""
    return trash_many(db, [changes.current_one(db, image)], by=by)[0]


def trash_many(db: Connection, thrown: Sequence[Image], *, by: str | None) -> list[Image]:
    """Hide images of one project; those in the trash already stay as they are."""
    there = _there(db, thrown)
    at = now(db) if there else 0.0
    todo = [Change(it, replace(it, trashed_at=at), "trashed", by) for it in there if it.trashed_at is None]
    return _merged(there, changes.save(db, todo))


def restore(db: Connection, image: Image, *, by: str | None) -> Image:
    """Take an image out of the trash."""
    return restore_many(db, [changes.current_one(db, image)], by=by)[0]


def restore_many(db: Connection, thrown: Sequence[Image], *, by: str | None) -> list[Image]:
    """Take images of one project out of the trash."""
    there = _there(db, thrown)
    todo = [Change(it, replace(it, trashed_at=None), "restored", by) for it in there if it.trashed_at is not None]
    return _merged(there, changes.save(db, todo))


def purge(db: Connection, image: Image, *, by: str | None = None) -> list[str]:
    """Delete an image's row and all that was said of it; its first copy takes its place.

    Returns:
        The SHA-256 of the blobs that nobody uses any more, its masks' too, to delete after the commit.
    """
    before = changes.current_one(db, image)
    mine = {before.sha256, *masks_of(db, before.id)}
    _bequeath(db, before)
    changes.save(db, [Change(before, None, "purged", by)])
    return sorted(mine - used(db, mine))


def masks_of(db: Connection, image_id: str) -> set[str]:
    """Every mask that people ever drew on an image."""
    query = select(labels.c.mask).where(labels.c.image_id == image_id, labels.c.mask.is_not(None))
    return set(db.execute(query).scalars())


def masks(db: Connection, project_id: str) -> dict[str, str]:
    """Every mask in a project, earlier ones too, with the id of an image it is of."""
    query = select(labels.c.mask, labels.c.image_id).where(labels.c.project_id == project_id)
    return {row.mask: row.image_id for row in db.execute(query.where(labels.c.mask.is_not(None)))}


def hold_blobs(db: Connection, hashes: Iterable[str]) -> None:
    """Until the transaction ends, no other adds or purges an image of these bytes, in whatever project."""
    for bucket in sorted({sha256[:2] for sha256 in hashes}):  # buckets, because a server's table of locks is small
        lock(db, f"blob:{bucket}")


def used(db: Connection, hashes: Iterable[str]) -> set[str]:
    """Which of these blobs some image of any project is made of, or some mask."""
    found: set[str] = set()
    for piece in rows.chunks(list(hashes)):
        found |= set(db.execute(select(images.c.sha256).where(images.c.sha256.in_(piece))).scalars())
        found |= set(db.execute(select(labels.c.mask).where(labels.c.mask.in_(piece))).scalars())
    return found


def expired(db: Connection, project_id: str, *, before: float, limit: int = 500) -> list[Image]:
    """Images of a project thrown away before a time, the longest first."""
    query = select(*rows.columns(images, Image)).where(images.c.trashed_at.is_not(None), images.c.trashed_at < before)
    query = query.where(images.c.project_id == project_id)
    return [Image(*row) for row in db.execute(query.order_by(images.c.trashed_at).limit(limit))]


def annotate(db: Connection, image: Image, *, meta: Json, by: str | None) -> Image:
    """Merge free metadata into an image's own."""
    before = changes.current_one(db, image)
    after = replace(before, meta=before.meta | meta)
    return changes.save(db, [Change(before, after, "annotated", by, {"keys": sorted(meta)})])[0]


def labels_of(db: Connection, image_id: str) -> list[Label]:
    """Every human word on an image, oldest first."""
    query = select(*rows.columns(labels, Label)).where(labels.c.image_id == image_id)
    return [Label(*row) for row in db.execute(query.order_by(labels.c.created_at, labels.c.id))]


def predictions_of(db: Connection, image_id: str) -> list[Prediction]:
    """Every prediction of an image, oldest first, without what versions said only to be judged (see `outcomes`)."""
    mine = predictions.c.image_id == image_id, predictions.c.route.not_in(outcomes.HIDDEN)
    query = select(*rows.columns(predictions, Prediction)).where(*mine)
    return [Prediction(*row) for row in db.execute(query.order_by(predictions.c.created_at, predictions.c.id))]


def history(db: Connection, image_id: str) -> list[Json]:
    """What happened to an image, oldest first: each {kind: label|prediction|<event>, at, by, …}."""
    told = events.c.image_id == image_id, events.c.kind.not_in(["labelled", "answered"])
    query = select(events.c.kind, events.c.at, events.c.by, events.c.detail).where(*told).order_by(events.c.seq)
    found = [{**row.detail, "kind": row.kind, "at": row.at, "by": row.by} for row in db.execute(query)]
    found += [rows.values(it) | {"kind": "label", "at": it.created_at} for it in labels_of(db, image_id)]
    found += [
        rows.values(it) | {"kind": "prediction", "at": it.created_at, "by": None} for it in predictions_of(db, image_id)
    ]
    return sorted(found, key=lambda entry: entry["at"])


def _unchanged(db: Connection, image: Image, *, revision: int | None, but_for_answers: bool = False) -> Image:
    """The image as it is now, its project locked; raises Conflict where it is at another revision.

    Args:
        but_for_answers: looks at the file, and answers of models, since that revision are no conflict.
    """
    before = changes.current_one(db, image)
    if revision is None or before.revision == revision:
        return before
    if but_for_answers and _only_answered(db, before, since=revision):
        return before
    state = {"label": before.label, "shown": before.shown, "revision": before.revision}
    raise Conflict(f"image {image.id} is at revision {before.revision}, not {revision}.", current=state)


def _only_answered(db: Connection, image: Image, *, since: int) -> bool:
    """Whether nothing but looks at the file and answers of models happened to the image after that revision."""
    if image.revision < since:
        return False
    events_of = select(events.c.kind).where(events.c.image_id == image.id).order_by(events.c.seq.desc())
    return set(db.execute(events_of.limit(image.revision - since)).scalars()) <= {"answered", "examined"}


def _check(added: Sequence[Image], project_id: str) -> None:
    for image in added:
        if image.project_id != project_id:
            raise Rejected(f"image {image.name!r} belongs to project {image.project_id}, not {project_id}.")
        if image.site is not None and len(image.site) > MAX_SITE:
            raise Rejected(f"site {image.site[:20]!r}… has more than {MAX_SITE} characters.")


def _labelled_new(image: Image) -> Image:
    image = replace(image, name=rows.clean(image.name))
    if image.label is None:
        return image
    at = image.created_at if image.labelled_at is None else image.labelled_at
    return replace(image, shown=image.label, verified=True, labelled_at=at, action="import")


def _relabelled(
    db: Connection, before: Image, value: str | None, *, by: str | None, at: float, action: str, drawn: Drawn | None
) -> Change:
    after = replace(before, label=value, labelled_by=by, labelled_at=at, verified=value is not None)
    after = replace(after, shown=value if value is not None else answers.shown_now(db, after))
    mask, agreement = (drawn.mask, drawn.agreement) if drawn else (None, None)
    after = replace(after, mask=mask, agreement=agreement, action=action if value is not None else None)
    return Change(before, after, "labelled", by, {"value": value, "action": action})


def _log_labels(
    db: Connection, said: Sequence[Image], *, action: str, by: str | None = None, at: float | None = None
) -> None:
    values = [
        {
            "id": new_id(),
            "image_id": image.id,
            "project_id": image.project_id,
            "value": image.label,
            "action": action,
            "by": by or image.labelled_by,
            "created_at": at if at is not None else image.labelled_at,
            "mask": image.mask,
        }
        for image in said
    ]
    if values:
        db.execute(insert(labels), values)


def _there(db: Connection, asked: Sequence[Image]) -> list[Image]:
    if not asked:
        return []
    return list(changes.current(db, [image.id for image in asked], project_id=asked[0].project_id).values())


def _merged(there: Sequence[Image], changed: Sequence[Image]) -> list[Image]:
    after = {image.id: image for image in changed}
    return [after.get(image.id, image) for image in there]


def _bequeath(db: Connection, original: Image) -> None:
    """Let the oldest copy of an image that goes away stand for itself, in the same group on the same side."""
    query = select(*rows.columns(images, Image)).where(images.c.duplicate_of == original.id).order_by(images.c.id)
    copies = [Image(*row) for row in db.execute(query)]
    if not copies:
        return
    heir = copies[0]
    side = original.side if heir.side == "none" else heir.side
    quality = heir.quality | {"issues": [name for name in changes.issues(heir) if name != "exact_duplicate"]}
    promoted = replace(heir, status="ready", duplicate_of=None, group_id=original.group_id, side=side, quality=quality)
    moved = [Change(it, replace(it, duplicate_of=heir.id), "") for it in copies[1:]]
    changes.save(db, [Change(heir, promoted, "undoubled"), *moved])
