"""What an import found: fates, classes, files left out, and the leaks of a data set that came with its own split."""

from __future__ import annotations

import dataclasses
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

from sightloop.core.entities import Image, Json, Side
from sightloop.flows.intake import Draft
from sightloop.flows.layouts import Layout
from sightloop.flows.services import Services
from sightloop.flows.skipping import Skipped
from sightloop.measure import leaks
from sightloop.store import changes, images, imports

LISTED = 1000  # files named per list; the counts are complete
CHUNK = 500
EARLIER: dict[str, tuple[Side, ...]] = {"calibration": ("train",), "test": ("train", "calibration")}


def write(
    services: Services,
    *,
    project_id: str,
    import_id: str,
    layout: Layout,
    drafts: Sequence[Draft],
    contents: Mapping[str, str],
) -> Json:
    """End an import: mark held-out pictures that also teach as `leaked`, and keep the report.

    Args:
        contents: path → SHA-256 of every file that could be read.

    Returns {import_id, layout, total, stored, duplicate, failed, classes, failures, skipped_count, skipped,
    notes_count, notes, at_odds, leaks}: `at_odds` are labels that differ from the word that stands, `leaks` is None
    below two pictures. Of a data set of masks also {masks}: how many were taken, empty ones too; a refused one is in
    `skipped`, and what was decided to read one, or which picture had none, in `notes`.
    """
    known = _images(services, project_id, contents)
    rows = [_row(draft, known[draft.where]) for draft in drafts if draft.where in known]
    found = leaks.find(rows) if len(rows) > 1 else None
    if found:
        _mark(services, project_id, found, known=known)
    with services.db.connect() as db:
        fates = imports.report(db, import_id)
        refused, notes = _remarks(imports.remarks(db, import_id), drafts)
    skipped, notes = [*_listed(layout.skipped), *refused], [*_listed(layout.notes), *notes]
    report: Json = {
        "import_id": import_id,
        "layout": layout.kind,
        "total": len(drafts),
        **{name: fates[name] for name in ("stored", "duplicate", "failed", "failures")},
        **({"masks": sum(fates["labels"].values())} if layout.draw else {}),
        "classes": dict(Counter(row.label for row in rows if row.label is not None)),
        "skipped_count": len(skipped),
        "skipped": skipped[:LISTED],
        "notes_count": len(notes),
        "notes": notes[:LISTED],
        "at_odds": _at_odds(drafts, known)[:LISTED],
        "leaks": {**found, "held_out": held_out(rows, found)} if found else None,
    }
    with services.db.begin() as db:
        imports.finish(db, import_id, detail=report)
    return report


def _listed(skipped: Iterable[Skipped]) -> list[Json]:
    return [{"path": one.where, "reason": one.reason} for one in skipped]


def _remarks(said: Iterable[tuple[str, bool, str]], drafts: Sequence[Draft]) -> tuple[list[Json], list[Json]]:
    """Masks that were refused, and notes on those that were taken."""
    masks = {draft.where: draft.sketch.where for draft in drafts if draft.sketch}
    refused, notes = [], []
    for path, taken, sentence in said:
        if taken:
            notes.append({"path": masks.get(path, path), "reason": sentence})
        else:
            reason = f"{sentence} Its picture {path} comes without a label."
            refused.append({"path": masks.get(path, path), "reason": reason})
    return refused, notes


def _images(services: Services, project_id: str, contents: Mapping[str, str]) -> dict[str, Image]:
    """The stored picture of every file by its path."""
    with services.db.connect() as db:
        ids = images.known(db, project_id, contents.values())
        found = {image.sha256: image for image in images.many(db, list(ids.values()))}
    return {path: found[sha] for path, sha in contents.items() if sha in found}


def _row(draft: Draft, image: Image) -> leaks.Row:
    return leaks.Row(
        image_id=draft.where,
        sha256=image.sha256,
        pixel_hash=image.pixel_hash,
        phash=int(image.phash, 16) if image.phash else None,
        side=draft.side or image.side,
        label=image.label if draft.sketch else draft.label,
        group=image.group_id or image.id,
    )


def held_out(rows: Sequence[leaks.Row], found: Json) -> Json:
    """Per held-out side: pictures, those exactly on an earlier side too (with share), those there at least nearly."""
    earlier: dict[str, set[str]] = defaultdict(set)
    pixels = {row.sha256: row.pixel_hash or row.sha256 for row in rows}
    for row in rows:
        earlier[row.side].add(pixels[row.sha256])
    counts: Json = {}
    for side, before in EARLIER.items():
        mine = [row for row in rows if row.side == side]
        exact = sum(any(pixels[row.sha256] in earlier[other] for other in before) for row in mine)
        if mine:
            share = round(exact / len(mine), 4)
            leaked = len(found["leaked"][side])
            counts[side] = {"pictures": len(mine), "exact": exact, "exact_share": share, "exact_or_near": leaked}
    return counts


def _mark(services: Services, project_id: str, found: Json, *, known: Mapping[str, Image]) -> None:
    """Say on the rows which held-out pictures also stood on an earlier side, so that scores can leave them out."""
    paths = [path for side in EARLIER for path in found["leaked"][side]]
    ids = sorted({known[path].id for path in paths})
    for begin in range(0, len(ids), CHUNK):
        with services.db.begin() as db:
            current = changes.current(db, ids[begin : begin + CHUNK], project_id=project_id)
            marked = [
                changes.Change(image, dataclasses.replace(image, meta={**image.meta, "leaked": True}), "leaked")
                for image in current.values()
                if not image.meta.get("leaked")
            ]
            changes.save(db, marked)


def _at_odds(drafts: Iterable[Draft], known: Mapping[str, Image]) -> list[Json]:
    found = []
    for draft in drafts:
        image = known.get(draft.where)
        if image and draft.label and draft.label != image.label:
            found.append({"path": draft.where, "image_id": image.id, "given": draft.label, "stands": image.label})
    return found
