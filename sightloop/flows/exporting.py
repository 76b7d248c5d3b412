"""Stream a project's pictures as one ZIP by class, which `import` reads back to the same pixels, labels and sides."""

from __future__ import annotations

import csv
import io
import json
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import IO

from zipstream import ZIP_STORED, ZipStream

from sightloop.core.entities import Image, Json, Progress, Project, User
from sightloop.core.errors import BadImage, Missing
from sightloop.core.ports import Report
from sightloop.flows.access import project_for
from sightloop.flows.naming import file_name, folder_name
from sightloop.flows.services import Services
from sightloop.flows.sources import PICTURES
from sightloop.store import images
from sightloop.store.images import Filters
from sightloop.vision import encode

PAGE = 200
SPOOL_BYTES = 1 << 20
NO_CLASS = "unlabelled"
DATASET = "dataset.csv"
MANIFEST = "manifest.jsonl"
COLUMNS = ("filepath", "label", "split", "site", "name")
SUFFIXES = {
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/webp": ".webp",
    "image/tiff": ".tif",
    "image/bmp": ".bmp",
    "image/gif": ".gif",
}


def stream(
    services: Services, *, user: User, name: str, filters: Filters | None = None, report: Report | None = None
) -> tuple[int, Iterator[bytes]]:
    """How many pictures the ZIP will hold, and the ZIP itself, piece by piece in bounded memory.

    Pictures lie as `<class>/<name>`, their bytes free of metadata (GPS) and their pixels untouched. `dataset.csv` and
    `manifest.jsonl` come last; a picture that cannot be read is listed there with its reason and left out.

    Raises:
        Missing, Forbidden: as for any look at this project.
    """
    project = project_for(services, user=user, name=name, action="export")
    chosen = replace(filters or Filters(), trashed=False)
    with services.db.connect() as db:
        count = images.count(db, project.id, chosen)
    rows = _rows(services, project, chosen)
    return count, _stream(services, _told(rows, count, report) if report else rows)


def write(
    services: Services,
    *,
    user: User,
    name: str,
    path: Path,
    filters: Filters | None = None,
    report: Report | None = None,
) -> Json:
    """Write the ZIP to the new file `path`, which is the caller's to rename or to remove; returns {count, bytes}."""
    count, pieces = stream(services, user=user, name=name, filters=filters, report=report)
    with path.open("xb") as file:
        size = sum(file.write(piece) for piece in pieces)
        file.flush()
        os.fsync(file.fileno())
    return {"count": count, "bytes": size}


@dataclass
class _Listing:
    """The two tables of contents as they grow, and the names that are taken; spooled to disk beyond a megabyte."""

    dataset: IO[bytes]
    manifest: IO[bytes]
    taken: set[str] = field(default_factory=set)

    def place(self, image: Image) -> str:
        """A path for the picture that no other has, also where case does not count."""
        folder = folder_name(image.label or image.shown or NO_CLASS)
        name = PurePosixPath(file_name(image.name))
        if name.suffix.lower() not in PICTURES:
            name = PurePosixPath(name.name + SUFFIXES.get(image.media_type, ".jpg"))
        path = f"{folder}/{name}"
        if path.casefold() in self.taken:
            path = f"{folder}/{name.stem}-{image.id}{name.suffix}"
        self.taken.add(path.casefold())
        return path

    def note(self, image: Image, *, path: str | None, reason: str | None = None) -> None:
        """List one picture, stored at `path` or left out for `reason`."""
        line = {**_described(image), "file": path, **({"reason": reason} if reason else {})}
        self.manifest.write(json.dumps(line, ensure_ascii=False).encode() + b"\n")
        if path is not None:
            self.dataset.write(_csv_line(path, image.label or "", image.side, image.site or "", image.name))


def _stream(services: Services, rows: Iterator[Image]) -> Iterator[bytes]:
    archive = ZipStream(compress_type=ZIP_STORED)
    with tempfile.SpooledTemporaryFile(SPOOL_BYTES) as dataset, tempfile.SpooledTemporaryFile(SPOOL_BYTES) as manifest:
        listing = _Listing(dataset, manifest)
        dataset.write(_csv_line(*COLUMNS))
        for image in rows:
            data = _bare(services, image, listing)
            if data is not None:
                path = listing.place(image)
                listing.note(image, path=path)
                archive.add(data, path)
                yield from archive.all_files()
        for name, table in ((DATASET, dataset), (MANIFEST, manifest)):
            table.seek(0)
            archive.add(_pieces(table), name)
            yield from archive.all_files()
    yield from archive.footer()


def _bare(services: Services, image: Image, listing: _Listing) -> bytes | None:
    """The picture's bytes without metadata; None, and noted with the reason, where there are none."""
    try:
        return encode.strip(services.blobs.get(image.sha256), image.media_type or None)
    except (Missing, BadImage) as error:
        listing.note(image, path=None, reason=error.message)
        return None


def _pieces(table: IO[bytes]) -> Iterator[bytes]:
    while piece := table.read(SPOOL_BYTES):
        yield piece


def _rows(services: Services, project: Project, filters: Filters) -> Iterator[Image]:
    """Every picture, oldest first, page by page: a slow download holds no database connection."""
    cursor: str | None = None
    while True:
        with services.db.connect() as db:
            page, cursor = images.page(db, project.id, filters=filters, sort="created_at", cursor=cursor, limit=PAGE)
        yield from page
        if cursor is None:
            return


def _told(rows: Iterator[Image], count: int, report: Report) -> Iterator[Image]:
    """The rows as they come, each reported when it is asked for."""
    for done, image in enumerate(rows):
        report(Progress(done, count, f"{done} of {count} pictures"))
        yield image


def _described(image: Image) -> Json:
    return {
        "id": image.id,
        "name": image.name,
        "class": image.shown,
        "side": image.side,
        "label": image.label,
        "predicted": image.predicted,
        "confidence": image.confidence,
        "verified": image.verified,
        "corrected": image.corrected,
        "status": image.status,
        "sha256": image.sha256,
        "pixel_hash": image.pixel_hash,
        "group": image.group_id,
        "site": image.site,
        "width": image.width,
        "height": image.height,
        "captured_at": image.captured_at,
        "created_at": image.created_at,
    }


def _csv_line(*cells: str) -> bytes:
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(cells)
    return line.getvalue().encode()
