"""Put a version live that has passed its shadow."""

from __future__ import annotations

from sightloop.core.entities import Json
from sightloop.flows import gating, watching
from sightloop.store import gates, projects
from sightloop.store.database import Connection
from sightloop.store.watches import Watch


def go_live(db: Connection, watch: Watch, report: Json) -> None:
    """Put it live in the caller's transaction, with what was found in shadow; it is watched from then on.

    The log calls it "force" where a person tried it in shadow that the gate has not found better than the live one.
    """
    action, verdict = _verdict(db, watch)
    reason = f"{report['reason']}; {report['sentence']}"
    detail = {**verdict, "shadow": {"watch": watch.id, "rules": report["rules"]}}
    ids = {"version_id": watch.version_id, "by": report["by"]}
    done = projects.set_live(db, watch.project_id, **ids, action=action, reason=reason, detail=detail)
    watching.begin(db, projects.get(db, watch.project_id), done)


def _verdict(db: Connection, watch: Watch) -> tuple[str, Json]:
    """What the log calls it, and the verdict: the one that began the shadow, else the newest against the live one."""
    if began := watch.report.get("detail"):
        return "promote", began
    found = gates.newest(db, watch.version_id, live_id=watch.replaced_id)
    if found is None:
        return "force", {}
    return "promote" if found["verdict"] == "promote" else "force", gating.figures(found)
