"""Take one batch of pictures from a local source into a project: hash, look up, decode, store, label."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from sightloop import telemetry
from sightloop.core.entities import Answer, Image, Json, Progress, Project, Side
from sightloop.core.errors import BadImage, Overloaded, Rejected
from sightloop.core.ids import new_id
from sightloop.core.ports import Report
from sightloop.flows.answer import prediction, with_issues
from sightloop.flows.naming import file_title
from sightloop.flows.services import Services
from sightloop.store import images, imports

if TYPE_CHECKING:
    from sightloop.store.answers import Answered
    from sightloop.store.database import Connection

BATCH_COUNT = 64
BATCH_BYTES = 64 << 20
PATIENCE = 600.0  # seconds a picture may wait for a core: nobody stands at the door
BLOB_THREADS = 4

Fate = Literal["stored", "duplicate", "failed"]


@dataclass(frozen=True)
class Draft:
    """One picture to take in; `by` is the user id whose word `label` is, `created_at` None means now."""

    where: str
    name: str
    label: str | None = None
    side: Side | None = None
    site: str | None = None
    by: str | None = None
    created_at: float | None = None
    meta: Json = field(default_factory=dict)


@dataclass(frozen=True)
class Loaded:
    """A draft with its bytes, or with the reason why there are none."""

    draft: Draft
    data: bytes = b""
    sha256: str = ""
    reason: str | None = None


@dataclass(frozen=True)
class Taken:
    """What became of one draft."""

    draft: Draft
    fate: Fate
    image: Image | None = None
    reason: str | None = None


def batches(drafts: Sequence[Draft], read: Callable[[str], bytes]) -> Iterator[list[Loaded]]:
    """Read drafts in order, at most 64 and about 64 MiB at a time, so that memory stays flat."""
    batch: list[Loaded] = []
    size = 0
    for draft in drafts:
        one = _load(draft, read)
        batch.append(one)
        size += len(one.data)
        if len(batch) >= BATCH_COUNT or size >= BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


@dataclass(frozen=True)
class Whole:
    """The import that batches belong to; `by` is the user id who asked for it."""

    project: Project
    import_id: str
    source: str
    by: str | None


def take_all(
    services: Services, whole: Whole, *, drafts: Sequence[Draft], read: Callable[[str], bytes], report: Report
) -> dict[str, str]:
    """Take in, batch by batch, every draft that an earlier try of the same import did not.

    Returns:
        Path → SHA-256 of every file that could be read, those of an earlier try too.
    """
    with services.db.connect() as db:
        done = imports.done_paths(db, whole.import_id)
    earlier = [draft for draft in drafts if draft.where in done]
    contents = {one.draft.where: one.sha256 for batch in batches(earlier, read) for one in batch if not one.reason}
    count = len(earlier)
    for batch in batches([draft for draft in drafts if draft.where not in done], read):
        report(Progress(count, len(drafts), f"{count} of {len(drafts)} pictures"))
        take(services, whole, batch=batch)
        contents.update({one.draft.where: one.sha256 for one in batch if not one.reason})
        count += len(batch)
    report(Progress(count, len(drafts), f"{count} of {len(drafts)} pictures"))
    return contents


def take(services: Services, whole: Whole, *, batch: Sequence[Loaded]) -> list[Taken]:
    """Store one batch in one transaction; a bad picture is one failed row and never fails the others.

    Bytes the project has already are not stored again, but their label is taken where nobody said anything yet; a
    picture whose stored label differs keeps it.
    """
    project = whole.project
    good = _first_of_each(one for one in batch if one.reason is None)
    with services.db.connect() as db:
        known = images.known(db, project.id, list(good))
    answers = _decode(services, project, [one for sha, one in good.items() if sha not in known])
    fresh = {sha: answer for sha, answer in answers.items() if isinstance(answer, Answer)}
    _keep_bytes(services, [good[sha] for sha in fresh], fresh)
    with services.db.begin() as db:
        images.hold_blobs(db, fresh)
        for sha in fresh:
            if not services.blobs.has(sha):  # a purge of the same bytes came between our look and our row
                services.blobs.put(good[sha].data)
        rows = _write(services, db, whole, batch=batch, answers=fresh)
        taken = _fates(batch, rows, answers)
        imports.add_items(db, whole.import_id, [_item(one) for one in taken])
    for one in taken:
        telemetry.count_upload(one.fate)
    return taken


def _write(
    services: Services, db: Connection, whole: Whole, *, batch: Sequence[Loaded], answers: Mapping[str, Answer]
) -> dict[str, tuple[Image, bool]]:
    """The image of every readable picture by SHA-256, and whether this batch made it."""
    known = images.known(db, whole.project.id, [one.sha256 for one in batch if one.reason is None])
    wanted = _first_of_each(one for one in batch if one.sha256 in answers or one.sha256 in known)
    drafts = [_image(services, one, whole, answer=answers.get(sha)) for sha, one in wanted.items()]
    found = {image.sha256: (image, created) for image, created in images.add_many(db, drafts)}
    answered = images.apply_answers(
        db,
        [_answered(services, whole.project, image, answers[sha]) for sha, (image, created) in found.items() if created],
    )
    found.update({image.sha256: (image, True) for image in answered})
    for speaker, words in _new_words(batch, found, by=whole.by).items():
        said = images.relabel_many(db, words, action="import", by=speaker)
        found.update({image.sha256: (image, found[image.sha256][1]) for image in said})
    return found


def _new_words(
    batch: Sequence[Loaded], found: Mapping[str, tuple[Image, bool]], *, by: str | None
) -> dict[str | None, list[tuple[Image, str | None]]]:
    """Labels for pictures that were known already and of which nobody said anything, by who says them."""
    words: dict[str | None, list[tuple[Image, str | None]]] = {}
    spoken: set[str] = set()
    for one in batch:
        image = found[one.sha256][0] if one.sha256 in found else None
        if image and one.draft.label is not None and image.label is None and one.sha256 not in spoken:
            words.setdefault(one.draft.by or by, []).append((image, one.draft.label))
            spoken.add(one.sha256)
    return words


def _fates(
    batch: Sequence[Loaded],
    rows: Mapping[str, tuple[Image, bool]],
    answers: Mapping[str, Answer | BadImage],
) -> list[Taken]:
    taken = []
    met: set[str] = set()
    for one in batch:
        if one.sha256 not in rows:
            refused = answers.get(one.sha256)
            why = refused.message if isinstance(refused, BadImage) else "removed by somebody meanwhile; import again."
            taken.append(Taken(one.draft, "failed", reason=one.reason or why))
            continue
        image, created = rows[one.sha256]
        new = created and image.status != "duplicate" and one.sha256 not in met
        taken.append(Taken(one.draft, "stored" if new else "duplicate", image))
        met.add(one.sha256)
    return taken


def _first_of_each(loaded: Iterable[Loaded]) -> dict[str, Loaded]:
    found: dict[str, Loaded] = {}
    for one in loaded:
        found.setdefault(one.sha256, one)
    return found


def _load(draft: Draft, read: Callable[[str], bytes]) -> Loaded:
    try:
        data = read(draft.where)
    except Rejected as error:
        return Loaded(draft, reason=error.message)
    if not data:
        return Loaded(draft, reason="the file is empty.")
    return Loaded(draft, data, hashlib.sha256(data).hexdigest())


def _decode(services: Services, project: Project, fresh: Sequence[Loaded]) -> Mapping[str, Answer | BadImage]:
    """Every picture through the runtime, so that decoding uses all its cores."""
    asked: dict[str, Future[Answer]] = {}
    for one in fresh:
        asked[one.sha256] = _submit(services, project, one, waiting=list(asked.values()))
    found: dict[str, Answer | BadImage] = {}
    for sha, future in asked.items():
        try:
            found[sha] = future.result()
        except BadImage as error:
            found[sha] = error
    return found


def _submit(services: Services, project: Project, one: Loaded, *, waiting: Sequence[Future[Answer]]) -> Future[Answer]:
    while True:
        try:
            return services.runtime.submit(one.data, project_id=project.id, facts=True, timeout=PATIENCE)
        except Overloaded:
            left = [future for future in waiting if not future.done()]
            wait(left, timeout=1.0, return_when="FIRST_COMPLETED")


def _keep_bytes(services: Services, fresh: Sequence[Loaded], answers: Mapping[str, Answer]) -> None:
    def keep(one: Loaded) -> None:
        if not services.blobs.has(one.sha256):
            services.blobs.put(one.data)
        facts = answers[one.sha256].facts
        if facts is not None:
            services.blobs.keep("thumb", one.sha256, facts.thumbnail)

    with ThreadPoolExecutor(BLOB_THREADS) as threads:
        list(threads.map(keep, fresh))


def _image(services: Services, one: Loaded, whole: Whole, *, answer: Answer | None) -> Image:
    facts = answer.facts if answer else None
    now = services.clock()
    return Image(
        id=new_id(),
        project_id=whole.project.id,
        sha256=one.sha256,
        name=file_title(one.draft.name),
        media_type=facts.media_type if facts else "",
        size=len(one.data),
        created_at=one.draft.created_at or now,
        width=facts.width if facts else None,
        height=facts.height if facts else None,
        source=whole.source,
        site=one.draft.site,
        captured_at=facts.captured_at if facts else None,
        uploaded_by=one.draft.by or whole.by,
        side=one.draft.side or "none",
        label=one.draft.label,
        labelled_by=(one.draft.by or whole.by) if one.draft.label is not None else None,
        labelled_at=now if one.draft.label is not None else None,
        meta=one.draft.meta,
    )


def _answered(services: Services, project: Project, image: Image, answer: Answer) -> Answered:
    facts = with_issues(answer.facts, project) if answer.facts else None
    return image, facts, prediction(services, project, image, answer), answer.embedding


def _item(one: Taken) -> imports.Item:
    """What became of one draft, as a row of its import."""
    return imports.Item(
        path=one.draft.where,
        outcome=one.fate,
        image_id=one.image.id if one.image else None,
        side=one.draft.side,
        label=one.draft.label,
        reason=one.reason,
    )
