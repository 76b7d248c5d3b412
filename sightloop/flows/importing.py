"""Import a folder, ZIP or listing of pictures: a plan first, then a job that can be killed and run again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sightloop.core.entities import UNKNOWN, Job, Json, Progress, Project, Side, User
from sightloop.core.errors import Rejected
from sightloop.core.ports import Report
from sightloop.flows import import_report, intake, layouts, view
from sightloop.flows.access import project_for
from sightloop.flows.intake import Draft, Taken
from sightloop.flows.layouts import Item, Layout
from sightloop.flows.projects import check_classes
from sightloop.flows.services import Services
from sightloop.store import imports, jobs, projects

if TYPE_CHECKING:
    from sightloop.store.database import Connection

STEPS = ("import", "score")
HELD_OUT_FIRST: dict[Side | None, int] = {"test": 0, "calibration": 1, "train": 2, "none": 3, None: 4}
LISTED = 1000  # files named in a report; the counts are complete


def plan(services: Services, *, project: Project, path: Path) -> Json:
    """What importing `path` would do, from names alone: no picture is opened and nothing is written.

    Returns {source, layout, pictures, labelled, classes {name: n}, new_classes, closed, splits {side: {class: n}},
    sites, skipped_count, skipped [{path, reason}]}.

    Raises:
        Missing, BadArchive, Rejected: as `layouts.look`.
    """
    del services
    with layouts.look(path) as layout:
        spelled = _spelling(project, layout)
        classes = Counter(spelled[item.label] for item in layout.items if item.label is not None)
        return {
            "source": path.name,
            "layout": layout.kind,
            "pictures": len(layout.items),
            "labelled": sum(classes.values()),
            "classes": dict(classes),
            "new_classes": [name for name in classes if name not in (*project.classes, UNKNOWN)],
            "closed": bool(project.classes),
            "splits": _per_side(layout.items, spelled),
            "sites": len({item.site for item in layout.items if item.site}),
            "skipped_count": len(layout.skipped),
            "skipped": [{"path": skip.where, "reason": skip.reason} for skip in layout.skipped[:LISTED]],
        }


def start(
    services: Services,
    *,
    user: User,
    name: str,
    path: Path,
    dry_run: bool = False,
    new_classes: bool = False,
    site: str | None = None,
    discard: bool = False,
) -> Job:
    """Queue the import of `path` (on this machine, only read) into the project called `name`.

    Args:
        dry_run: the job only writes its plan.
        new_classes: add classes the project does not have; without it a project that has classes refuses them.
        site: the site of every picture that names none itself.
        discard: `path` is our own temporary file, removed when the job is done.

    Raises:
        Rejected: not a documented layout, or new classes nobody agreed to; names them.
        Missing, Forbidden: no such path or project, or the role is too low.
    """
    project = project_for(services, user=user, name=name, action="upload")
    found = plan(services, project=project, path=path)
    fresh = found["new_classes"]
    if fresh and project.classes and not (new_classes or dry_run):
        raise Rejected(
            f"{path.name!r} has {len(fresh)} class(es) that project {name!r} does not: {', '.join(fresh[:20])}.",
            hint="Rename the folders, or agree to new classes (--new-classes).",
        )
    if fresh and not dry_run:
        project_for(services, user=user, name=name, action="manage")
        check_classes((*project.classes, *fresh))
    params = {"path": str(path.absolute()), "dry_run": dry_run, "site": site, "discard": discard}
    with services.db.begin() as db:
        return jobs.enqueue(
            db, kind="import", steps=STEPS, params=params, project_id=project.id, created_by=user.id, heavy=False
        )


def run(services: Services, job: Job, report: Report) -> Json:
    """Job step: import in batches of one transaction each; what an earlier, killed try has done is not done again."""
    assert job.project_id is not None
    path = Path(job.params["path"])
    with services.db.connect() as db:
        project = projects.get(db, job.project_id)
    if job.params.get("dry_run"):
        return {"import": plan(services, project=project, path=path)}
    with layouts.look(path) as layout:
        project = _grow(services, project, layout)
        with services.db.begin() as db:
            import_id = imports.start(db, project.id, job_id=job.id, source=path.name, created_by=job.created_by)
        drafts = _drafts(layout, project, site=job.params.get("site"))
        contents = _take_all(services, job, report, project=project, import_id=import_id, layout=layout, drafts=drafts)
        found = import_report.write(
            services, project_id=project.id, import_id=import_id, layout=layout, drafts=drafts, contents=contents
        )
    view.sync(services, project.id)
    if job.params.get("discard"):
        path.unlink(missing_ok=True)
    return {"import": found}


def _spelling(project: Project, layout: Layout) -> dict[str, str]:
    """Each class as written → as the project spells it: case does not make another class."""
    known = {name.casefold(): name for name in (*project.classes, UNKNOWN)}
    return {name: known.setdefault(name.casefold(), name) for name in layout.classes}


def _per_side(items: Iterable[Item], spelled: dict[str, str]) -> Json:
    found: dict[str, Counter[str]] = {}
    for item in items:
        if item.side is not None:
            found.setdefault(item.side, Counter())[spelled[item.label] if item.label else ""] += 1
    return {side: dict(counts) for side, counts in found.items()}


def _grow(services: Services, project: Project, layout: Layout) -> Project:
    """The project with the classes this layout adds; a retried job adds none."""
    spelled = dict.fromkeys(_spelling(project, layout).values())
    fresh = [name for name in spelled if name not in (*project.classes, UNKNOWN)]
    if not fresh:
        return project
    with services.db.begin() as db:
        current = projects.get(db, project.id)
        classes = (*current.classes, *(name for name in fresh if name not in current.classes))
        return projects.update(db, current, classes=check_classes(classes))


def _drafts(layout: Layout, project: Project, *, site: str | None) -> list[Draft]:
    """Held-out sides first, so that of two equal pictures the one that judges is kept and never teaches."""
    spelled = _spelling(project, layout)
    ordered = sorted(layout.items, key=lambda item: HELD_OUT_FIRST[item.side])
    return [
        Draft(
            where=item.where,
            name=item.name,
            label=spelled[item.label] if item.label is not None else None,
            side=item.side,
            site=item.site or site,
        )
        for item in ordered
    ]


def _take_all(
    services: Services,
    job: Job,
    report: Report,
    *,
    project: Project,
    import_id: str,
    layout: Layout,
    drafts: Sequence[Draft],
) -> dict[str, str]:
    """Take every draft in that is not in yet; returns the SHA-256 of every readable file by its path."""
    with services.db.connect() as db:
        done = imports.done_paths(db, import_id)
    earlier = [draft for draft in drafts if draft.where in done]
    contents = {one.draft.where: one.sha256 for batch in intake.batches(earlier, layout.read) for one in batch}
    todo = [draft for draft in drafts if draft.where not in done]

    def record(db: Connection, taken: Sequence[Taken]) -> None:
        imports.add_items(db, import_id, [intake.as_item(one) for one in taken])

    count = len(earlier)
    for batch in intake.batches(todo, layout.read):
        report(Progress(count, len(drafts), f"{count} of {len(drafts)} pictures"))
        intake.take(services, project=project, batch=batch, source="import", by=job.created_by, record=record)
        contents.update({one.draft.where: one.sha256 for one in batch if one.reason is None})
        count += len(batch)
    report(Progress(count, len(drafts), f"{count} of {len(drafts)} pictures"))
    return contents
