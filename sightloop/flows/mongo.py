"""Bring a BioSight installation over: its users, its pictures, and what its users corrected.

A mongoexport dump of the collections `users` and `images` is read together with the folders `uploads/` and
`organized_images/<class>/`. Password hashes are ignored: everybody chooses a new password.
"""

from __future__ import annotations

import dataclasses
import secrets
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from sightloop.core.entities import UNKNOWN, Json, Progress, Project, User
from sightloop.core.errors import Missing, Rejected
from sightloop.core.ids import new_id
from sightloop.core.ports import Report
from sightloop.flows import accounts, intake, mongo_dump, sources, view
from sightloop.flows.access import project_for
from sightloop.flows.intake import Draft, Taken
from sightloop.flows.layouts import is_class_name
from sightloop.flows.mongo_dump import Account, Picture
from sightloop.flows.projects import check_classes
from sightloop.flows.services import Services
from sightloop.flows.skipping import Skipped
from sightloop.store import imports, projects, users

if TYPE_CHECKING:
    from sqlalchemy import Connection

LISTED = 1000
FOLDERS = frozenset({"uploads", "organized_images", "organized", "static", "app", "client-side", "images"})


def read(
    services: Services,
    *,
    user: User,
    name: str,
    dump: Path,
    images: Path | None = None,
    report: Report = lambda _: None,
) -> Json:
    """Import the dump at `dump` (a folder with users.json and images.json, or images.json) into the project `name`.

    Args:
        images: the folder that holds `uploads/` and `organized_images/`; the dump's own folder when absent.

    Returns {import_id, documents, stored, duplicate, failed, missing, corrected, users_added, classes_added, failures
    [{path, reason}]}: stored + duplicate + failed is `documents`; `missing` of the failed have no file. Reading the
    same dump again changes nothing.

    Raises:
        Missing: no dump, project or picture folder.
        Forbidden: the role is too low to manage the project.
        Rejected: a file that is no mongoexport dump.
    """
    project = project_for(services, user=user, name=name, action="manage")
    people_file, picture_file = mongo_dump.collections(dump)
    people, refused = mongo_dump.accounts(people_file) if people_file else ([], [])
    documents, unread = mongo_dump.pictures(picture_file)
    owners, added = _bring_people(services, project, people)
    root = images or (dump if dump.is_dir() else dump.parent)
    files = _Files(root)
    project, grown = _grow(services, project, [_corrected(one, files) for one in documents])
    with services.db.begin() as db:
        import_id = imports.start(
            db, project.id, job_id=None, source=f"biosight:{picture_file.name}", created_by=user.id
        )
    taken = _take(services, project, documents, files, owners=owners, by=user, import_id=import_id, report=report)
    found = _report(taken, files, documents, skipped=[*refused, *unread])
    found |= {"import_id": import_id, "users_added": added, "classes_added": grown}
    with services.db.begin() as db:
        imports.finish(db, import_id, detail=found)
    view.sync(services, project.id)
    return found


class _Files:
    """The pictures below a folder; a document's path is matched from its end, for it began elsewhere."""

    def __init__(self, root: Path) -> None:
        if not root.is_dir():
            raise Missing(f"no folder {str(root)!r}.", hint="Name the folder that holds organized_images/.")
        with sources.opened(root) as source:
            self.read = source.read
            self._by_name: dict[str, list[PurePosixPath]] = defaultdict(list)
            for name in source.names:
                self._by_name[PurePosixPath(name).name.casefold()].append(PurePosixPath(name))

    def find(self, one: Picture) -> PurePosixPath | None:
        """The file that shares most of the document's path; a bare name must be the only one of its kind."""
        wanted = {one.corrected, one.predicted}
        found = self._by_name.get(one.path.name.casefold(), [])
        best = max(found, key=lambda path: (_shared(path, one.path), path.parent.name in wanted), default=None)
        if best is None or len(found) == 1 or best.parent.name in wanted or _shared(best, one.path) > 1:
            return best
        return None


def _shared(one: PurePosixPath, two: PurePosixPath) -> int:
    """How many parts two paths share, counted from their ends."""
    count = 0
    for left, right in zip(reversed(one.parts), reversed(two.parts), strict=False):
        if left.casefold() != right.casefold():
            break
        count += 1
    return count


def _corrected(one: Picture, files: _Files) -> str | None:
    """The class a person chose: as written, else that of the folder the file was moved to afterwards."""
    if one.corrected is not None:
        return one.corrected if is_class_name(one.corrected) else None
    path = files.find(one)
    folder = path.parent.name if path else ""
    if one.predicted and folder and folder.lower() not in FOLDERS and folder not in (one.predicted, UNKNOWN):
        return folder if is_class_name(folder) else None
    return None


def _bring_people(services: Services, project: Project, people: Sequence[Account]) -> tuple[dict[str, str], int]:
    """User ids by every word an image may name them by, and how many accounts are new."""
    owners: dict[str, str] = {}
    added = 0
    for one in people:
        try:
            email = accounts.check_email(one.email)
        except Rejected:
            continue
        nobody = accounts.hash_password(secrets.token_urlsafe(32), email=email)
        with services.db.begin() as db:
            known = users.by_email(db, email)
            person = known[0] if known else User(new_id(), email, one.name[:100], "reviewer", services.clock())
            if known is None:
                users.add(db, person, password_hash=nobody)
                added += 1
            if projects.role_of(db, project.id, user=person) is None:
                projects.set_member(db, project.id, user_id=person.id, role="reviewer")
        owners |= dict.fromkeys(one.keys, person.id)
    return owners, added


def _grow(services: Services, project: Project, chosen: Sequence[str | None]) -> tuple[Project, list[str]]:
    fresh = [name for name in dict.fromkeys(chosen) if name and name not in (*project.classes, UNKNOWN)]
    if not fresh:
        return project, []
    with services.db.begin() as db:
        current = projects.get(db, project.id)
        grown = check_classes((*current.classes, *(name for name in fresh if name not in current.classes)))
        return projects.update(db, current, classes=grown), fresh


def _take(
    services: Services,
    project: Project,
    documents: Sequence[Picture],
    files: _Files,
    *,
    owners: Mapping[str, str],
    by: User,
    import_id: str,
    report: Report,
) -> list[Taken]:
    places = {one.key: files.find(one) for one in documents}
    drafts = [
        Draft(
            where=one.key,
            name=one.meta["biosight"]["name"],
            label=_corrected(one, files),
            by=owners.get((one.owner or "").casefold()),
            created_at=one.uploaded_at,
            meta=one.meta,
        )
        for one in documents
    ]

    def get(key: str) -> bytes:
        place = places[key]
        if place is None:
            raise Rejected("its file is missing.")
        return files.read(str(place))

    def record(db: Connection, taken: Sequence[Taken]) -> None:
        imports.add_items(db, import_id, [intake.as_item(one) for one in taken])

    done: list[Taken] = []
    for batch in intake.batches(drafts, get):
        report(Progress(len(done), len(drafts), f"{len(done)} of {len(drafts)} pictures"))
        taken = intake.take(services, project=project, batch=batch, source="biosight", by=by.id, record=record)
        done += [dataclasses.replace(one, image=None) for one in taken]
    return done


def _report(taken: Sequence[Taken], files: _Files, documents: Sequence[Picture], *, skipped: Sequence[Skipped]) -> Json:
    fates = Counter(one.fate for one in taken)
    missing = {one.key for one in documents if files.find(one) is None}
    paths = {one.key: str(one.path) for one in documents}
    failures = [{"path": paths[one.draft.where], "reason": one.reason} for one in taken if one.fate == "failed"]
    failures += [{"path": skip.where, "reason": skip.reason} for skip in skipped]
    return {
        "documents": len(taken),
        **{fate: fates[fate] for fate in ("stored", "duplicate", "failed")},
        "missing": len(missing),
        "corrected": sum(one.draft.label is not None for one in taken),
        "failures": failures[:LISTED],
    }
