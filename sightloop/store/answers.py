"""What decoding and a model say of images: facts, duplicates, groups, predictions, and the floor under `shown`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from sqlalchemy import ColumnElement, Connection, and_, case, false, func, insert, literal, select, text, update

from sightloop.core import splits
from sightloop.core.arrays import Embedding
from sightloop.core.entities import NOTHING, UNKNOWN, Facts, Image, Json, Prediction, Side
from sightloop.store import changes, embeddings, groups, rows, tallies
from sightloop.store.changes import Change
from sightloop.store.database import now
from sightloop.store.tables import events, images, predictions, projects

REFUSED: Final = ("off_domain", "retake", "human")  # why a prediction is not shown, whatever the floor
Answered = tuple[Image, Facts | None, Prediction | None, Embedding | None]


@dataclass(frozen=True)
class _Policy:
    """What a project's row says about grouping and showing."""

    floor: float
    classes: tuple[str, ...]
    ratios: tuple[float, float, float]
    by_site: bool
    unsure: str  # the word for a prediction below the floor


@dataclass
class _Originals:
    """Ready images of a project by the hash of their pixels, those of the running batch included."""

    by_pixels: dict[str, tuple[str, str | None, Side]] = field(default_factory=dict)

    def add(self, image: Image) -> None:
        if image.pixel_hash is not None and image.status == "ready" and image.trashed_at is None:
            self.by_pixels.setdefault(image.pixel_hash, (image.id, image.group_id, image.side))

    def of(self, image: Image, facts: Facts) -> tuple[str, str | None, Side] | None:
        found = self.by_pixels.get(facts.pixel_hash)
        return None if found is None or found[0] == image.id else found


def apply_facts(db: Connection, image: Image, facts: Facts, *, site: str | None = None) -> Image:
    """Record what one decode told: sizes, quality, whether it is a duplicate, else its group and side."""
    if site is not None:
        image = replace(image, site=site)
    return apply_answers(db, [(image, facts, None, None)])[0]


def apply_prediction(db: Connection, image: Image, prediction: Prediction, embedding: Embedding | None) -> Image:
    """Record what a model version said; a human word stays shown."""
    return apply_answers(db, [(image, None, prediction, embedding)])[0]


def apply_answers(db: Connection, answered: Sequence[Answered]) -> list[Image]:
    """Record facts and predictions of many images of one project in the caller's transaction.

    An image that still waits for its facts may carry the `side` it was published on; that side is kept, except that a
    picture that claims to train never does where its group's leader or its exact content is on the test side. Images
    purged meanwhile are left out.

    Returns:
        The images after it, in order.
    """
    if not answered:
        return []
    project_id = answered[0][0].project_id
    there = changes.current(db, [image.id for image, *_ in answered], project_id=project_id)
    policy = _policy(db, project_id)
    originals = _originals(db, project_id, [facts.pixel_hash for _, facts, *_ in answered if facts])
    placing = groups.Placing(db, project_id=project_id, ratios=policy.ratios)
    done: list[Change] = []
    for given, facts, prediction, _ in answered:
        before = there.get(given.id)
        if before is None:
            continue
        after = replace(before, site=before.site if before.site is not None else given.site)
        if facts is not None:
            after = _with_facts(after, facts, placing=placing, by_site=policy.by_site, originals=originals)
        if prediction is not None:
            after = _with_prediction(after, prediction, seen=given)
        originals.add(after)
        done.append(Change(before, after, "answered" if prediction else "examined"))
        there[given.id] = after
    placing.close()
    _keep_predictions(db, answered, known=there)
    return changes.save(db, done)


def mark_unreadable(db: Connection, image: Image, reason: str) -> Image:
    """Record that the stored file cannot be decoded; it stays listed with its reason."""
    before = changes.current_one(db, image)
    after = replace(before, status="unreadable", reason=reason)
    return changes.save(db, [Change(before, after, "unreadable", detail={"reason": reason})])[0]


def shown_of(image: Image, *, floor: float, classes: Iterable[str], otherwise: str = UNKNOWN) -> str | None:
    """What to show of an image: the human word, else the prediction if it is sure enough, else `otherwise`."""
    if image.label is not None or image.predicted is None or image.confidence is None:
        return image.label
    if image.reason in REFUSED:
        return UNKNOWN
    return image.predicted if image.confidence >= floor and image.predicted in classes else otherwise


def shown_now(db: Connection, image: Image) -> str | None:
    """`shown_of` with the floor and classes of the image's project."""
    policy = _policy(db, image.project_id)
    return shown_of(image, floor=policy.floor, classes=policy.classes, otherwise=policy.unsure)


def resorted(
    db: Connection, project_id: str, *, floor: float, classes: Sequence[str]
) -> tuple[ColumnElement[str], ColumnElement[bool]]:
    """As SQL: what `floor` makes of a prediction, and which images it concerns: those without a human word."""
    c = images.c
    sure = and_(c.confidence >= floor, c.predicted.in_(list(classes)))
    shown = case(
        (func.coalesce(c.reason, "").in_(REFUSED), UNKNOWN), (sure, c.predicted), else_=_policy(db, project_id).unsure
    )
    return shown, and_(c.label.is_(None), c.predicted.is_not(None), c.confidence.is_not(None), c.shown != shown)


def refloor(db: Connection, project_id: str, *, floor: float, classes: Sequence[str], by: str | None = None) -> int:
    """Derive `shown` anew for every image without a human word; returns how many changed.

    Two statements and a recount instead of a change of each row, because a slider moves all of them at once.
    """
    changes.hold(db, project_id)
    c = images.c
    shown, concerned = resorted(db, project_id, floor=floor, classes=classes)
    mine = c.project_id == project_id, concerned
    kind, detail = literal("refloored"), literal({"floor": floor}, events.c.detail.type)
    told = select(c.project_id, c.id, kind, literal(by, events.c.by.type), literal(now(db)), detail).where(*mine)
    db.execute(insert(events).from_select(["project_id", "image_id", "kind", "by", "at", "detail"], told))
    tab = case((c.status.in_(["pending", "ready"]), shown), else_=c.status)
    changed = db.execute(update(images).where(*mine).values(shown=shown, tab=tab, revision=c.revision + 1))
    tallies.rebuild(db, project_id)
    return changed.rowcount


def pending(db: Connection, project_id: str, *, limit: int, after: str | None = None) -> list[Image]:
    """Images that wait: for their facts, or, once the project has a live version, for an answer; in order of ids."""
    live = select(projects.c.live_version_id).where(projects.c.id == project_id)
    least = changes.WANTS_FACTS if db.execute(live).scalar() is None else changes.WANTS_ANSWER
    c = images.c
    query = select(*rows.columns(images, Image)).where(c.project_id == project_id, c.waiting >= least)
    query = query.where(text("waiting > 0")).order_by(c.id).limit(limit)
    return [Image(*row) for row in db.execute(query if after is None else query.where(c.id > after))]


def _policy(db: Connection, project_id: str) -> _Policy:
    c = projects.c
    row = db.execute(select(c.floor, c.classes, c.settings, c.task).where(c.id == project_id)).one()
    ratios = tuple(row.settings.get("ratios", splits.DEFAULT_RATIOS))
    by_site = bool(row.settings.get("group_by_site", True))
    return _Policy(row.floor, tuple(row.classes), ratios, by_site, NOTHING if row.task == "segment" else UNKNOWN)


def _originals(db: Connection, project_id: str, hashes: list[str]) -> _Originals:
    c, found = images.c, _Originals()
    query = select(*rows.columns(images, Image)).where(c.project_id == project_id, c.status == "ready")
    for piece in rows.chunks(hashes):
        for row in db.execute(query.where(c.pixel_hash.in_(piece), c.trashed == false()).order_by(c.id)):
            found.add(Image(*row))
    return found


def _with_facts(image: Image, facts: Facts, *, placing: groups.Placing, by_site: bool, originals: _Originals) -> Image:
    claimed = image.side if image.group_id is None and image.side != "none" else None
    image = replace(
        image,
        width=facts.width,
        height=facts.height,
        media_type=facts.media_type,
        pixel_hash=facts.pixel_hash,
        phash=facts.phash,
        captured_at=image.captured_at if facts.captured_at is None else facts.captured_at,
        reason=image.reason if image.reason in REFUSED else None,
        quality=facts.quality,
    )
    original = originals.of(image, facts)
    if original is not None:
        side: Side = "test" if claimed == "test" else "none"
        quality = _with_issue(facts.quality, "exact_duplicate")
        return replace(
            image, status="duplicate", duplicate_of=original[0], group_id=original[1], side=side, quality=quality
        )
    settled = image.group_id is not None and image.status != "duplicate"
    image = replace(image, status="ready", duplicate_of=None)
    return image if settled else _placed(image, claimed=claimed, placing=placing, by_site=by_site)


def _placed(image: Image, *, claimed: Side | None, placing: groups.Placing, by_site: bool) -> Image:
    """The image in its group; a place once taken is never left."""
    newcomer = groups.Newcomer(
        image_id=image.id,
        sha256=image.sha256,
        phash=image.phash or "",
        site=image.site if by_site else None,
        captured_at=image.captured_at,
        own_side=claimed,
    )
    place = placing.place(newcomer)
    quality = _with_issue(image.quality, "near_duplicate") if place.near else image.quality
    return replace(image, group_id=place.group_id, side=place.side, quality=quality)


def _with_issue(quality: Json, issue: str) -> Json:
    return quality | {"issues": sorted({*quality.get("issues", ()), issue})}


def _with_prediction(image: Image, prediction: Prediction, *, seen: Image) -> Image:
    """The image with what was said of it; the agreement is with the mask that was `seen` when it was measured."""
    figures = prediction.figures or {}
    same = (image.label, image.mask) == (seen.label, seen.mask)
    return replace(
        image,
        predicted=prediction.predicted,
        confidence=prediction.confidence,
        prediction_id=prediction.id,
        version_id=prediction.version_id,
        shown=prediction.shown if image.label is None else image.label,
        reason=image.reason if image.status == "unreadable" else figures.get("reason"),
        certainty=figures.get("certainty"),
        agreement=figures.get("agreement") if same else None,
    )


def _keep_predictions(db: Connection, answered: Sequence[Answered], *, known: Mapping[str, Image]) -> None:
    mine = [(image, said, vector) for image, _, said, vector in answered if said and image.id in known]
    if mine:
        db.execute(insert(predictions), [rows.values(said) for _, said, _ in mine])
    vectors = [(image.id, said.version_id, vector) for image, said, vector in mine if vector is not None]
    if vectors:
        embeddings.put_many(db, mine[0][0].project_id, vectors)
