"""What an import found: fates, classes, files left out, and the leaks of a data set that came with its own split."""

from __future__ import annotations

import dataclasses
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

from sightloop.core.entities import Image, Json, Side
from sightloop.flows.layouts import Layout
from sightloop.flows.services import Services
from sightloop.measure import leaks
from sightloop.store import changes, images, imports

LISTED = 1000  # files named per list; the counts are complete
CHUNK = 500
EARLIER: dict[str, tuple[Side, ...]] = {"calibration": ("train",), "test": ("train", "calibration")}


def write(services: Services, *, project_id: str, import_id: str, layout: Layout) -> Json:
    """The report of a finished import, ready for JSON; held-out pictures that also train are marked `leaked`.

    Returns {import_id, layout, total, stored, duplicate, failed, classes, failures, skipped_count, skipped, at_odds,
    leaks}: `at_odds` are labels that differ from the word that stands, `leaks` is None for a set of at most one picture.
    """
    with services.db.connect() as db:
        items = imports.items(db, import_id)
        ids = sorted({item["image_id"] for item in items if item["image_id"]})
        known: dict[str, Image] = {}
        for begin in range(0, len(ids), CHUNK):
            known.update({image.id: image for image in images.many(db, ids[begin : begin + CHUNK])})
    rows = _rows(items, known)
    found = leaks.find(rows) if len(rows) > 1 else None
    if found:
        _mark(services, project_id, found, known={item["path"]: item["image_id"] for item in items})
    return {
        "import_id": import_id,
        **_fates(items),
        **_left_out(layout),
        "at_odds": _at_odds(items, known)[:LISTED],
        "leaks": {**found, "held_out": held_out(rows, found)} if found else None,
    }


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


def _rows(items: Iterable[Json], known: Mapping[str, Image]) -> list[leaks.Row]:
    return [
        leaks.Row(
            image_id=item["path"],
            sha256=image.sha256,
            pixel_hash=image.pixel_hash,
            phash=int(image.phash, 16) if image.phash else None,
            side=item["side"] or image.side,
            label=item["label"],
            group=image.group_id or image.id,
        )
        for item in items
        if item["image_id"] and (image := known.get(item["image_id"]))
    ]


def _mark(services: Services, project_id: str, found: Json, *, known: Mapping[str, str]) -> None:
    """Say on the rows which held-out pictures also stood on an earlier side, so that scores can leave them out."""
    paths = [path for side in EARLIER for path in found["leaked"][side]]
    ids = sorted({known[path] for path in paths})
    for begin in range(0, len(ids), CHUNK):
        with services.db.begin() as db:
            current = changes.current(db, ids[begin : begin + CHUNK], project_id=project_id)
            marked = [
                changes.Change(image, dataclasses.replace(image, meta={**image.meta, "leaked": True}), "leaked")
                for image in current.values()
                if not image.meta.get("leaked")
            ]
            changes.save(db, marked)


def _fates(items: Sequence[Json]) -> Json:
    fates = Counter(item["outcome"] for item in items)
    failed = [{"path": item["path"], "reason": item["reason"]} for item in items if item["outcome"] == "failed"]
    labels = Counter(item["label"] for item in items if item["label"] and item["outcome"] != "failed")
    return {
        "total": len(items),
        **{fate: fates[fate] for fate in ("stored", "duplicate", "failed")},
        "classes": dict(labels),
        "failures": failed[:LISTED],
    }


def _left_out(layout: Layout) -> Json:
    return {
        "layout": layout.kind,
        "skipped_count": len(layout.skipped),
        "skipped": [{"path": skip.where, "reason": skip.reason} for skip in layout.skipped[:LISTED]],
    }


def _at_odds(items: Iterable[Json], known: Mapping[str, Image]) -> list[Json]:
    found = []
    for item in items:
        image = known.get(item["image_id"] or "")
        if image and item["label"] and item["label"] != image.label:
            found.append({"path": item["path"], "image_id": image.id, "given": item["label"], "stands": image.label})
    return found
