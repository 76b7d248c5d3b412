"""The verdicts of the gate: whether a version is shown to be better than the live one; see `measure.gate`."""

from __future__ import annotations

from sightloop.core.entities import Job, Json, ModelVersion, Project, User
from sightloop.core.errors import Conflict, GateRefused, Rejected
from sightloop.flows import members, pairing
from sightloop.flows.access import project_for
from sightloop.flows.services import Services
from sightloop.store import gates, jobs, versions

STEPS = ("gate",)


def cleared(
    services: Services, project: Project, version: ModelVersion, *, reason: str, force: bool
) -> tuple[str, Json | None]:
    """What the log calls the promotion of a version, "promote" or "force", and the figures of its verdict.

    A project's first version needs no verdict.

    Raises:
        Conflict: it is live already.
        GateRefused: it is not shown to be better than the live one, and is not forced.
        Rejected: it is forced without a reason.
    """
    if force and not reason.strip():
        raise Rejected("a forced promotion needs a reason.", hint="The deployment log keeps it.")
    with services.db.connect() as db:
        live = members.live(db, project)
    if live is None:
        return "promote", None
    if version.id == live.id:
        raise Conflict(f"version {version.number} is live already.", current=version.number)
    found = against(services, project, version, live)
    if found is not None and found["verdict"] == "promote":
        return "promote", figures(found)
    if force:
        return "force", figures(found) if found else None
    raise _refused(project, version, found)


def _refused(project: Project, version: ModelVersion, found: Json | None) -> GateRefused:
    if found is not None:
        hint = "Label more pictures, or force it with a reason." if found["needed"] else "Force it with a reason."
        return GateRefused(f"version {version.number} is not shown to be better. {found['sentence']}", hint=hint)
    what = f"version {version.number} has not been judged yet: pictures wait for an answer of it or of the live one."
    return GateRefused(what, hint=f"sightloop models gate {project.name} {version.number}; or force it with a reason.")


def against(services: Services, project: Project, version: ModelVersion, live: ModelVersion) -> Json | None:
    """The newest verdict on `version` against `live`, made anew where labels changed and both answered everything.

    None where there is none and an answer is missing: a job has to ask for it.
    """
    with services.db.connect() as db:
        newest = gates.newest(db, version.id, live_id=live.id)
    found = pairing.judged(services, project, version, live)
    if any(found["unanswered"].values()) or (newest and newest["digest"] == found["digest"]):
        return newest
    with services.db.begin() as db:
        return gates.add(db, project.id, version_id=version.id, live_id=live.id, report=found)


def show(services: Services, *, user: User, name: str, ref: str) -> Json:
    """The newest verdict on a version: against the live one where there is one, else any.

    Returns:
        {version, sentence} where nobody has asked for one; else {id, at, version_id, live_id, version, live (their
        numbers), verdict "promote", "refuse" or "undecided", sentence, needed (labels that are missing, or None),
        margin, n, recent (judged pictures), unanswered {live, version}, rules [{name, passed, sentence, figures,
        needed}], digest}.
    """
    project = project_for(services, user=user, name=name, action="view")
    with services.db.connect() as db:
        version = versions.get(db, project.id, ref)
        found = gates.newest(db, version.id, live_id=project.live_version_id) or gates.newest(db, version.id)
    return found or {"version": version.number, "sentence": f"Version {version.number} has not been judged yet."}


def start(services: Services, *, user: User, name: str, ref: str) -> Job:
    """Queue a fresh verdict on a version, for which both are asked what they have not answered; nothing goes live.

    Raises:
        Missing: no such project or version.
        Conflict: the version is live itself.
    """
    project = project_for(services, user=user, name=name, action="train")
    with services.db.begin() as db:
        version = versions.get(db, project.id, ref)
        if version.id == project.live_version_id:
            raise Conflict(f"version {version.number} is live already.", current=version.number)
        params: Json = {"version": version.number, "version_id": version.id}
        return jobs.enqueue(
            db, kind="gate", steps=STEPS, params=params, project_id=project.id, created_by=user.id, heavy=False
        )


def figures(found: Json) -> Json:
    """What of a verdict goes into the deployment log: {gate (its id), verdict, sentence, needed, margin, rules, …}."""
    told = {name: found[name] for name in ("verdict", "sentence", "needed", "margin", "n", "recent", "rules")}
    return {"gate": found["id"], **told}
