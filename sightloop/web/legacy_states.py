"""The predecessors' routes that watch: how the model and the server do, and what the pictures are like."""

from __future__ import annotations

import base64
import os
from collections import Counter

from fastapi import APIRouter

from sightloop import __version__
from sightloop.core.entities import Json, User
from sightloop.core.errors import BadImage
from sightloop.core.permissions import require
from sightloop.flows import cascade_report, drifting, insights, library, status
from sightloop.web.desk import Administrator, AtDesk, Desk, Viewer
from sightloop.web.old_projects import project_for
from sightloop.web.shapes import iso

router = APIRouter(tags=["legacy"])

UNCHECKED = "Drift has not been checked yet."
SAMPLES, MOST_SAMPLES = 3, 60  # pictures of each class, and of all classes together


@router.get("/drift_status")
async def drift_status(user: Viewer, desk: AtDesk) -> Json:
    """Whether the pictures have changed, by the newest drift report, and whether a cascade's members still agree."""
    project = await project_for(desk, user=user, route="drift_status", action="view")
    checked = await desk.ask(drifting.status, user=user, project=project)
    state = await desk.ask_computing(cascade_report.state, user=user, name=project)
    audit: Json | None = state["audit"]
    said = [
        *([checked["drift_detected"]] if checked else []),
        *([audit["verdict"] == "broken"] if audit and audit["verdict"] != "undecided" else []),
    ]
    window = checked["window"] if checked else None
    return {
        "status": ("drift" if any(said) else "ok") if said else "unknown",
        "drift_detected": any(said) if said else None,
        **{name: checked[name] if checked else None for name in ("statistic", "p_value", "kind")},
        "window": window and {"n": window["n"], **{name: iso(window[name]) for name in ("since", "until")}},
        "disagreement": audit and {name: audit[name] for name in ("n", "disagreements", "low", "high")},
        "message": " ".join([checked["sentence"] if checked else UNCHECKED, *([audit["sentence"]] if audit else [])]),
        "since": iso(audit["since"]) if audit else window and iso(window["since"]),
    }


@router.get("/system_info")
async def system_info(user: Administrator, desk: AtDesk) -> Json:
    """Load and health of this server process, for administrators."""
    require(user.role, "administer", what="the system")
    looked = await desk.ask(status.look, queue_bound=desk.settings.queue_bound)
    return {
        "version": __version__,
        "cpu_count": os.cpu_count(),
        "workers": desk.settings.workers,
        "uptime_seconds": desk.services.clock() - desk.sampler.started_at,
        **desk.sampler.now(),
        **looked,
    }


@router.get("/data-insights")
async def data_insights(user: Viewer, desk: AtDesk) -> Json:
    """Pictures by class, small samples as data URLs, and the widths and heights."""
    project = await project_for(desk, user=user, route="data-insights", action="view")
    found = await desk.ask(insights.insights, user=user, project=project)
    shown: Counter[str] = Counter()
    for row in found["shown"]:
        shown[row["class"]] += row["n"]
    sampled = shown.most_common(MOST_SAMPLES // SAMPLES)
    return {
        "class_distribution": dict(shown),
        "sample_images": {name: await _samples(desk, user=user, project=project, shown=name) for name, _ in sampled},
        "image_dimensions": {side: _spread(found["dimensions"][side]) for side in ("width", "height")},
        "total_images": found["images"],
    }


def _spread(found: Json) -> Json:
    return {"min": found["min"], "max": found["max"], "avg": found["mean"]}


async def _samples(desk: Desk, *, user: User, project: str, shown: str) -> list[str]:
    chosen = await desk.ask(insights.class_samples, user=user, project=project, shown=shown, limit=SAMPLES)
    found = []
    for image in chosen:
        try:
            data = await desk.ask(library.thumbnail, user=user, image_id=image.id)
        except BadImage:
            continue
        found.append(f"data:image/webp;base64,{base64.b64encode(data).decode()}")
    return found
