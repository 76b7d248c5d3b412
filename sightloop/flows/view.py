"""The class folders people can browse: `view/<project>/<class>/<id>-<name>`, derived from the rows, on disk stores."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from sightloop.core.entities import Image, Json, Project
from sightloop.core.errors import Missing
from sightloop.flows.naming import file_name, folder_name
from sightloop.flows.services import Services
from sightloop.store import events, images, projects
from sightloop.store.disk import DiskBlobs

NO_CLASS = "unlabelled"
ID_LENGTH = 26
FOLLOWED = 500  # events per look


def sync(services: Services, project_id: str) -> Json:
    """Make the project's folders what its rows say, touching only what differs; safe to repeat and to interrupt.

    Returns {linked, removed, kept, missing}: `missing` are rows whose bytes are not in the store.
    """
    if not follows(services):
        return {"linked": 0, "removed": 0, "kept": 0, "missing": 0}
    with services.db.connect() as db:
        project = projects.get(db, project_id)
        wanted = {_place(image): image.sha256 for image in images.stream(db, project_id) if belongs(image)}
    root = folder(services, project)
    present = set(_present(root))
    done = [_link(services, root / place, wanted[place]) for place in sorted(wanted.keys() - present)]
    extra = present - wanted.keys()
    for place in extra:
        _remove(root / place)
    return {
        "linked": sum(done),
        "removed": len(extra),
        "kept": len(present & wanted.keys()),
        "missing": len(done) - sum(done),
    }


def differences(services: Services, project_id: str) -> tuple[list[str], list[str]]:
    """Pictures without their link, and links without their picture, as paths below the project's folder."""
    if not follows(services):
        return [], []
    with services.db.connect() as db:
        project = projects.get(db, project_id)
        wanted = {_place(image) for image in images.stream(db, project_id) if belongs(image)}
    present = set(_present(folder(services, project)))
    return sorted(wanted - present), sorted(present - wanted)


def follow(services: Services, changed: Sequence[Image]) -> None:
    """Move these pictures' links to where they belong now; what this misses, the next `sync` repairs."""
    if not follows(services) or not changed:
        return
    with services.db.connect() as db:
        roots = {one: folder(services, projects.get(db, one)) for one in {image.project_id for image in changed}}
    for image in changed:
        root = roots[image.project_id]
        place = _place(image) if belongs(image) else None
        for top in root.glob("*/"):
            old = top / _title(image)
            if (place is None or old != root / place) and old.exists():
                _remove(old)
        if place is not None and not (root / place).exists():
            _link(services, root / place, image.sha256)


def follow_events(services: Services) -> int:
    """Follow everything that happened to pictures since the last call; returns how many links were looked at."""
    if not follows(services):
        return 0
    mark, done = services.data / "view" / ".seen", 0
    while True:
        seen = int(mark.read_text()) if mark.exists() else 0
        with services.db.connect() as db:
            happened = events.since(db, seen, limit=FOLLOWED)
            there = {image.id: image for image in images.many(db, list({image for _, _, image in happened}))}
        if not happened:
            return done
        follow(services, list(there.values()))
        _forget(services, {image: project for _, project, image in happened if image not in there})
        done += len(happened)
        mark.parent.mkdir(exist_ok=True)
        mark.write_text(str(happened[-1][0]))


def _forget(services: Services, purged: Mapping[str, str]) -> None:
    """Remove the links of pictures that are gone: image id → project id."""
    for image_id, project_id in purged.items():
        with services.db.connect() as db:
            root = folder(services, projects.get(db, project_id))
        for link in root.glob(f"*/{image_id}-*"):
            _remove(link)


def follows(services: Services) -> bool:
    """Whether there is a view at all: only where the blobs are files on this machine."""
    return isinstance(services.blobs, DiskBlobs)


def folder(services: Services, project: Project) -> Path:
    """The project's folder in the view."""
    return services.data / "view" / folder_name(project.name)


def belongs(image: Image) -> bool:
    """Whether the picture has a place in the view."""
    return image.trashed_at is None and image.status != "unreadable"


def _place(image: Image) -> str:
    return f"{folder_name(image.label or image.shown or NO_CLASS)}/{_title(image)}"


def _title(image: Image) -> str:
    return f"{image.id}-{file_name(image.name)}"


def _present(root: Path) -> Iterator[str]:
    if not root.is_dir():
        return
    with os.scandir(root) as tops:
        for top in tops:
            if not top.is_dir(follow_symlinks=False):
                yield top.name
                continue
            with os.scandir(top.path) as files:
                yield from (f"{top.name}/{file.name}" for file in files)


def _link(services: Services, target: Path, sha256: str) -> bool:
    """Put the blob's bytes at `target`; False where there is no blob."""
    try:
        source = services.blobs.path(sha256)
    except Missing:
        return False
    place(source, target)
    return True


def place(source: Path, target: Path, *, link: Callable[[Path, Path], None] = os.link) -> None:
    """Make `target` a hard link of `source`, or a copy where links are impossible; a file that is there stays."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        link(source, target)
    except FileExistsError:
        return
    except OSError:
        half = target.with_name(f".{target.name[:ID_LENGTH]}.half")
        shutil.copyfile(source, half)
        half.replace(target)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
    try:
        path.parent.rmdir()
    except OSError:
        return
