"""Stream a project's pictures as one ZIP, which `import` reads back to the same pixels, labels, masks and sides."""

from __future__ import annotations

import csv
import io
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO

from zipstream import ZIP_STORED, ZipStream

from sightloop.core.entities import Image, Json, Progress, Project, User
from sightloop.core.errors import BadImage, Missing
from sightloop.core.ports import Report
from sightloop.flows import export_forms
from sightloop.flows.access import project_for
from sightloop.flows.export_forms import Format as Format
from sightloop.flows.services import Services
from sightloop.store import images, spoken, versions
from sightloop.store.images import Filters
from sightloop.vision import encode

PAGE = 200
SPOOL_BYTES = 1 << 20
DATASET = "dataset.csv"
MANIFEST = "manifest.jsonl"
METADATA = "metadata.json"
COLUMNS = ("filepath", "label", "split", "site", "name")
MASK = "mask"

Row = tuple[Image, str | None]  # and how the latest word on it was said


def stream(
    services: Services,
    *,
    user: User,
    name: str,
    filters: Filters | None = None,
    report: Report | None = None,
    form: str = "",
) -> tuple[int, Iterator[bytes]]:
    """How many pictures the ZIP will hold, and the ZIP itself, piece by piece in bounded memory.

    Pictures lie as `<class>/<name>`, their bytes free of metadata (GPS) and their pixels untouched. `dataset.csv` and
    `manifest.jsonl` come last; a picture that cannot be read is listed there with its reason and left out.

    Where the project segments, `form` says how the masks that people drew are laid: "masks" (the usual one, "" too) as
    `images/<name>` and `masks/<stem>.png`, "coco" as polygons in `annotations.json`, "yolo" as polygons in
    `labels/<side>/<stem>.txt`. `metadata.json` then has an entry for each of them.

    Raises:
        Missing, Forbidden: as for any look at this project.
        Rejected: no such form, or one for masks where the project has none.
    """
    project = project_for(services, user=user, name=name, action="export")
    export_forms.check(form, task=project.task)
    chosen = replace(filters or Filters(), trashed=False)
    with services.db.connect() as db:
        count = images.count(db, project.id, chosen)
    rows = _rows(services, project, chosen)
    told = _told(rows, count, report) if report else rows
    return count, _stream_masks(services, project, told, form) if project.task == "segment" else _stream(services, told)


def write(
    services: Services,
    *,
    user: User,
    name: str,
    path: Path,
    filters: Filters | None = None,
    report: Report | None = None,
    form: str = "",
) -> Json:
    """Write the ZIP to the new file `path`, which is the caller's to rename or to remove; returns {count, bytes}."""
    count, pieces = stream(services, user=user, name=name, filters=filters, report=report, form=form)
    with path.open("xb") as file:
        size = sum(file.write(piece) for piece in pieces)
        file.flush()
        os.fsync(file.fileno())
    return {"count": count, "bytes": size}


@dataclass
class _Listing:
    """The tables of contents as they grow; spooled to disk beyond a megabyte."""

    dataset: IO[bytes]
    manifest: IO[bytes]

    def note(self, image: Image, *, path: str | None, reason: str | None = None, mask: str | None = None) -> None:
        """List one picture, stored at `path` or left out for `reason`; `mask` is the file of its mask, "" without."""
        beside = {} if mask is None else {"mask": mask or None, "agreement": image.agreement}
        line = {**_described(image), "file": path, **beside, **({"reason": reason} if reason else {})}
        self.manifest.write(json.dumps(line, ensure_ascii=False).encode() + b"\n")
        if path is not None:
            cells = (path, image.label or "", image.side, image.site or "", image.name)
            self.dataset.write(_csv_line(*cells, *([] if mask is None else [mask])))


def _stream(services: Services, rows: Iterator[Row]) -> Iterator[bytes]:
    archive, form = ZipStream(compress_type=ZIP_STORED), export_forms.Classes()
    with ExitStack() as stack:
        listing = _Listing(_spool(stack), _spool(stack))
        listing.dataset.write(_csv_line(*COLUMNS))
        for image, _ in rows:
            data = _bare(services, image, listing)
            if data is not None:
                path = form.place(image)
                listing.note(image, path=path)
                archive.add(data, path)
                yield from archive.all_files()
        yield from _closed(archive, [(DATASET, listing.dataset), (MANIFEST, listing.manifest)])


def _stream_masks(services: Services, project: Project, rows: Iterator[Row], name: str) -> Iterator[bytes]:
    archive = ZipStream(compress_type=ZIP_STORED)
    with ExitStack() as stack:
        listing, metadata = _Listing(_spool(stack), _spool(stack)), _Metadata(services, project, _spool(stack))
        listing.dataset.write(_csv_line(*COLUMNS, MASK))
        form = _form(name, project, stack)
        for image, action in rows:
            data = _bare(services, image, listing)
            if data is None:
                continue
            path = form.place(image)
            mask, reason = _mask(services, image)
            file = "" if mask is None else form.mask_file(path)
            listing.note(image, path=path, mask=file, reason=reason)
            archive.add(data, path)
            if mask is not None:
                metadata.add(image, path=path, mask=file, action=action)
                for where, one in form.draw(image, path, mask):
                    archive.add(one, where)
            yield from archive.all_files()
        for where, one in form.last():
            archive.add(one, where)
            yield from archive.all_files()
        metadata.close()
        tables = [(DATASET, listing.dataset), (MANIFEST, listing.manifest), (METADATA, metadata.file)]
        yield from _closed(archive, tables)


def _closed(archive: ZipStream, tables: list[tuple[str, IO[bytes]]]) -> Iterator[bytes]:
    for name, table in tables:
        archive.add(export_forms.pieces(table), name)
        yield from archive.all_files()
    yield from archive.footer()


def _spool(stack: ExitStack) -> IO[bytes]:
    return stack.enter_context(tempfile.SpooledTemporaryFile(SPOOL_BYTES))


def _form(name: str, project: Project, stack: ExitStack) -> export_forms.Masks:
    if name == "coco":
        return export_forms.Coco(project.classes, images=_spool(stack), annotations=_spool(stack))
    return export_forms.Yolo(project.classes) if name == "yolo" else export_forms.Masks(project.classes)


@dataclass
class _Metadata:
    """Who said what of each mask, when and how, as the list of one JSON object."""

    services: Services
    project: Project
    file: IO[bytes]
    numbers: dict[str, int] = field(default_factory=dict)
    count: int = 0

    def __post_init__(self) -> None:
        with self.services.db.connect() as db:
            self.numbers = {version.id: version.number for version in versions.all(db, self.project.id)}
        head = json.dumps({"project": self.project.name, "classes": self.project.classes}, ensure_ascii=False)
        self.file.write(head.encode()[:-1] + b', "masks": [')

    def add(self, image: Image, *, path: str, mask: str, action: str | None) -> None:
        """Note a mask that a human drew or accepted."""
        entry = {
            "image": path,
            "mask": mask,
            "image_id": image.id,
            "user": image.labelled_by,
            "at": image.labelled_at,
            "action": action,
            "agreement": image.agreement,
            "model_version": self.numbers.get(image.version_id or ""),
            "feedback": image.meta.get("feedback"),
        }
        self.file.write((b",\n" if self.count else b"\n") + json.dumps(entry, ensure_ascii=False).encode())
        self.count += 1

    def close(self) -> None:
        """End the list."""
        self.file.write(b"\n]}\n")


def _mask(services: Services, image: Image) -> tuple[bytes | None, str | None]:
    """The mask that a human drew, None where there is none, or where it is lost, with the reason."""
    try:
        return export_forms.mask_png(image, get=services.blobs.get), None
    except Missing as error:
        return None, f"its mask: {error.message}"


def _bare(services: Services, image: Image, listing: _Listing) -> bytes | None:
    """The picture's bytes without metadata; None, and noted with the reason, where there are none."""
    try:
        return encode.strip(services.blobs.get(image.sha256), image.media_type or None)
    except (Missing, BadImage) as error:
        listing.note(image, path=None, reason=error.message)
        return None


def _rows(services: Services, project: Project, filters: Filters) -> Iterator[Row]:
    """Every picture, oldest first, page by page: a slow download holds no database connection."""
    cursor: str | None = None
    while True:
        with services.db.connect() as db:
            page, cursor = images.page(db, project.id, filters=filters, sort="created_at", cursor=cursor, limit=PAGE)
            drawn = [image.id for image in page] if project.task == "segment" else []
            said = spoken.actions(db, drawn)
        yield from ((image, said.get(image.id)) for image in page)
        if cursor is None:
            return


def _told(rows: Iterator[Row], count: int, report: Report) -> Iterator[Row]:
    """The rows as they come, each reported when it is asked for."""
    for done, row in enumerate(rows):
        report(Progress(done, count, f"{done} of {count} pictures"))
        yield row


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
