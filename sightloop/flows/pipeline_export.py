"""Write what a project learns from as files under hashes, for a pipeline that never looks at the database."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from zipstream import ZIP_STORED, ZipStream

from sightloop.core.entities import Json, Project, User
from sightloop.core.errors import Rejected
from sightloop.flows import members
from sightloop.flows.access import project_for
from sightloop.flows.pipeline_place import Place
from sightloop.flows.services import Services
from sightloop.store import portable

LIST = "blobs.txt"


def export(services: Services, *, user: User, project: str, place: Place) -> Json:
    """Bring the files of `place` up to the project as it is now; what did not change keeps its bytes.

    Returns:
        {project, pictures, files, copied}: pictures that are there, files they and the models are made of, and how many
        of those were not there yet.

    Raises:
        Missing, Forbidden: no such project, or the role is below maintainer.
    """
    target = project_for(services, user=user, name=project, action="train")
    with tempfile.TemporaryDirectory(dir=_made(place.rows.parent)) as draft:
        names = _rows(services, target, Path(draft) / "rows")
        missing = [name for name in names if not place.blob(name).is_file()]
        for name in missing:
            _copy(services.blobs.path(name), place.blob(name))
        return settle(place, Path(draft) / "rows") | {"project": target.name, "copied": len(missing)}


def stream(services: Services, *, user: User, project: str, have: Collection[str]) -> Iterator[bytes]:
    """The same files as a ZIP, without those whose hashes the other side has: `rows/…`, then `blobs/<sha256>`.

    Raises:
        Missing, Forbidden: as `export`.
    """
    return _pieces(services, project_for(services, user=user, name=project, action="train"), set(have))


def _pieces(services: Services, project: Project, have: set[str]) -> Iterator[bytes]:
    archive = ZipStream(compress_type=ZIP_STORED)
    with tempfile.TemporaryDirectory(dir=services.blobs.incoming) as draft:
        names = _rows(services, project, Path(draft) / "rows")
        for path in sorted((Path(draft) / "rows").iterdir()):
            archive.add_path(path, f"rows/{path.name}")
        for name in names:
            if name not in have:
                archive.add_path(services.blobs.path(name), f"blobs/{name}")
        yield from archive


def settle(place: Place, rows: Path) -> Json:
    """Put complete rows in the place of those before, and remove files that they are not about.

    Returns {pictures, files}; raises Rejected where a file is missing or damaged, and then changes nothing.
    """
    names = (rows / LIST).read_text().split()
    _check(place, names)
    wanted = set(names)
    shutil.rmtree(place.rows, ignore_errors=True)
    rows.replace(place.rows)
    for path in place.blobs.glob("??/*"):
        if path.name not in wanted:
            path.unlink()
    with (place.rows / "images.jsonl").open("rb") as file:
        return {"pictures": sum(1 for _ in file), "files": len(names)}


def _check(place: Place, names: Iterable[str]) -> None:
    for name in names:
        path = place.blob(name)
        if not path.is_file() or _hash(path) != name:
            path.unlink(missing_ok=True)
            raise Rejected(f"exported file {name} is missing or damaged.", hint="Export again.")


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _rows(services: Services, project: Project, folder: Path) -> list[str]:
    """Write the rows and the list of files that they are about; returns the list."""
    with services.db.connect() as db:
        live = members.live(db, project)
        versions = [one.id for one in (live, *members.of(db, live).values()) if one]
        names = portable.write(db, project.id, folder, version_ids=versions)
    (folder / LIST).write_text("".join(f"{name}\n" for name in names))
    return names


def _copy(source: Path, target: Path) -> None:
    draft = _made(target.parent) / f".{target.name}"
    shutil.copyfile(source, draft)
    draft.replace(target)


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder
