"""Take one batch of pictures from a local source into a project: hash, look up, decode, store, label."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import replace
from typing import TYPE_CHECKING

from sightloop import telemetry
from sightloop.core.entities import Answer, Image, Progress, Project
from sightloop.core.errors import BadImage, Overloaded, Rejected
from sightloop.core.ports import Report
from sightloop.flows import drafts, sketches
from sightloop.flows.drafts import Draft as Draft
from sightloop.flows.drafts import Loaded, Taken
from sightloop.flows.drafts import Whole as Whole
from sightloop.flows.services import Services
from sightloop.store import images, imports

if TYPE_CHECKING:
    from sightloop.store.answers import Answered
    from sightloop.store.database import Connection

BATCH_COUNT = 64
BATCH_BYTES = 64 << 20
PATIENCE = 600.0  # seconds a picture may wait for a core: nobody stands at the door
BLOB_THREADS = 4


def batches(wanted: Sequence[Draft], read: Callable[[str], bytes]) -> Iterator[list[Loaded]]:
    """Read drafts in order, at most 64 and about 64 MiB at a time, so that memory stays flat."""
    batch: list[Loaded] = []
    size = 0
    for draft in wanted:
        one = _load(draft, read)
        batch.append(one)
        size += len(one.data)
        if len(batch) >= BATCH_COUNT or size >= BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


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

    Bytes the project has already are not stored again, but their label or mask is taken where nobody said anything
    yet; a picture whose stored label differs keeps it. A mask that is refused leaves its picture without a label.
    """
    project = whole.project
    good = _first_of_each(one for one in batch if one.reason is None)
    with services.db.connect() as db:
        known = images.known(db, project.id, list(good))
    answers = _decode(services, project, [one for sha, one in good.items() if sha not in known])
    fresh = {sha: answer for sha, answer in answers.items() if isinstance(answer, Answer)}
    _keep_bytes(services, [good[sha] for sha in fresh], fresh)
    batch = _drawn(services, project, batch, fresh=fresh, known=known)
    new = _first_of_each(one for one in batch if one.sha256 in fresh)
    rows = {sha: drafts.row(services, one, whole, answer=fresh[sha]) for sha, one in new.items()}
    with services.db.begin() as db:
        _hold(services, db, batch, new)
        stored = _write(services, db, whole, batch=batch, rows=rows)
        taken = _fates(batch, stored, answers)
        imports.add_items(db, whole.import_id, [one.item() for one in taken])
    for one in taken:
        telemetry.count_upload(one.fate)
    return taken


def _drawn(
    services: Services,
    project: Project,
    batch: Sequence[Loaded],
    *,
    fresh: Mapping[str, Answer],
    known: Mapping[str, str],
) -> list[Loaded]:
    """The batch with its masks drawn: of new pictures, and of known ones that nobody said anything of."""
    if not any(one.draft.sketch for one in batch):
        return list(batch)
    with services.db.connect() as db:
        there = {image.sha256: image for image in images.many(db, list(known.values())) if image.label is None}
    wanted: dict[str, sketches.Wanted] = {}
    for one in batch:
        facts, image = fresh[one.sha256].facts if one.sha256 in fresh else None, there.get(one.sha256)
        height, width = (facts.height, facts.width) if facts else (image.height, image.width) if image else (None, None)
        if one.draft.sketch and height is not None and width is not None:
            wanted[one.draft.where] = sketches.Wanted(one.draft.sketch, (height, width), image)
    strokes = sketches.draw(services, project, wanted)
    return [replace(one, stroke=strokes.get(one.draft.where)) for one in batch]


def _hold(services: Services, db: Connection, batch: Sequence[Loaded], new: Mapping[str, Loaded]) -> None:
    """Keep a purge off these bytes until the transaction ends; those that one took since our look are put back."""
    held = {sha: one.data for sha, one in new.items()}
    held |= {one.drawn.mask: one.stroke.data for one in batch if one.stroke and one.drawn and one.drawn.mask}
    images.hold_blobs(db, held)
    for sha, data in held.items():
        if not services.blobs.has(sha):
            services.blobs.put(data)


def _write(
    services: Services, db: Connection, whole: Whole, *, batch: Sequence[Loaded], rows: Mapping[str, Answered]
) -> dict[str, tuple[Image, bool]]:
    """The image of every readable picture by SHA-256, and whether this batch made it."""
    known = images.known(db, whole.project.id, [one.sha256 for one in batch if one.reason is None])
    wanted = _first_of_each(one for one in batch if one.sha256 in rows or one.sha256 in known)
    new = [rows[sha][0] if sha in rows else drafts.image(services, one, whole) for sha, one in wanted.items()]
    found = {image.sha256: (image, created) for image, created in images.add_many(db, new)}
    answered = [(image, *rows[sha][1:]) for sha, (image, created) in found.items() if created]
    found.update({image.sha256: (image, True) for image in images.apply_answers(db, answered)})
    for speaker, said in drafts.new_words(batch, found, by=whole.by).items():
        words = [(image, one.word) for image, one in said]
        masks = {image.id: one.drawn for image, one in said if one.drawn}
        after = images.relabel_many(db, words, action="import", by=speaker, drawn=masks)
        found.update({image.sha256: (image, found[image.sha256][1]) for image in after})
    return found


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
            taken.append(Taken(one, "failed", reason=one.reason or why))
            continue
        image, created = rows[one.sha256]
        new = created and image.status != "duplicate" and one.sha256 not in met
        taken.append(Taken(one, "stored" if new else "duplicate", image, one.stroke.note if one.stroke else None))
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
