"""Bring a BioSight installation over: its users, its pictures, and what its users corrected.

A mongoexport dump of the collections `users` and `images` is read together with the folders `uploads/` and
`organized_images/<class>/`. Password hashes are ignored: everybody chooses a new password.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from sightloop.core.entities import Json, User
from sightloop.core.errors import Rejected
from sightloop.core.ports import Report
from sightloop.flows import import_plan, intake, mongo_dump, mongo_people, view
from sightloop.flows.access import project_for
from sightloop.flows.mongo_dump import Picture
from sightloop.flows.mongo_files import Files
from sightloop.flows.services import Services
from sightloop.store import imports

SOURCE = "biosight"


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
    files = Files(images or (dump if dump.is_dir() else dump.parent))
    owners, added = mongo_people.bring(services, project, people)
    chosen = [value for one in documents if (value := files.corrected(one))]
    project, grown = import_plan.grow(services, project, chosen)
    with services.db.begin() as db:
        import_id = imports.start(db, project.id, source=f"{SOURCE}:{picture_file.name}", created_by=user.id)
    whole = intake.Whole(project, import_id, source=SOURCE, by=user.id)
    _take(services, whole, documents, files, owners=owners, report=report)
    found = _fates(services, import_id, documents, files)
    found["failures"] += [{"path": skip.where, "reason": skip.reason} for skip in (*refused, *unread)]
    found |= {"import_id": import_id, "users_added": added, "classes_added": list(grown), "corrected": len(chosen)}
    with services.db.begin() as db:
        imports.finish(db, import_id, detail=found)
    view.sync(services, project.id)
    return found


def _take(
    services: Services,
    whole: intake.Whole,
    documents: Sequence[Picture],
    files: Files,
    *,
    owners: Mapping[str, str],
    report: Report,
) -> None:
    places = {one.key: files.find(one) for one in documents}
    drafts = [
        intake.Draft(
            where=one.key,
            name=one.meta[SOURCE]["name"],
            label=files.corrected(one),
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

    intake.take_all(services, whole, drafts=drafts, read=get, report=report)


def _fates(services: Services, import_id: str, documents: Sequence[Picture], files: Files) -> Json:
    paths = {one.key: str(one.path) for one in documents}
    with services.db.connect() as db:
        found = imports.report(db, import_id)
    return {
        "documents": len(documents),
        **{fate: found[fate] for fate in ("stored", "duplicate", "failed")},
        "missing": sum(files.find(one) is None for one in documents),
        "failures": [{"path": paths[one["path"]], "reason": one["reason"]} for one in found["failures"]],
    }
