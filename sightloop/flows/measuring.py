"""Measure what masks mark: how much, how long and how wide, in pixels, and in millimetres where the scale is known."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from sightloop.core import scale
from sightloop.core.arrays import Mask
from sightloop.core.entities import NOTHING, Image, Json, Project, User
from sightloop.core.errors import Missing, Rejected
from sightloop.flows import drawing
from sightloop.flows.access import image_for
from sightloop.flows.services import Services
from sightloop.measure import geometry
from sightloop.vision import masks

Source = Literal["human", "model"]
Origin = Literal["best", "human", "model"]
KIND = "measured"
FORMAT = 1  # of kept figures; another one is measured anew
WIDTH_STEP = 0.5  # pixels by which widths are told apart in a report


def measurements(
    services: Services,
    *,
    user: User,
    image_id: str,
    origin: Origin = "best",
    threshold: float | None = None,
    lines: bool = False,
) -> Json:
    """What a picture's mask measures: {source, threshold, px_per_mm, px_per_mm_from, total, per_class, lines}.

    Args:
        origin: "human", "model", or "best": the human's mask where there is one, else the model's.
        threshold: 0..1 for the model's; None takes the project's.
        lines: whether to give the middle lines of each class, [[[x, y], …], …] in pixels; {} otherwise.

    Returns:
        `total` and each of `per_class` as `measure.geometry.as_json` has them; `threshold` is None of a human's mask.

    Raises:
        Missing: no such image, or no such mask of it.
        Rejected: the project does not segment, or a threshold outside 0..1.
    """
    image, project = image_for(services, user=user, image_id=image_id, action="view")
    check(project)
    source = source_of(image) if origin == "best" else origin
    at = project.floor if threshold is None else threshold
    found = None if source is None else figures(services, project, image, source=source, threshold=at)
    if found is None:
        raise Missing(f"image {image_id!r} has no mask yet.", hint="Draw one, or wait for a model's answer.")
    px_per_mm, said_of = scale.effective(image, project)
    return {
        "source": source,
        "threshold": at if source == "model" else None,
        "px_per_mm": px_per_mm,
        "px_per_mm_from": said_of,
        **named(found, project.classes, px_per_mm=px_per_mm),
        "lines": dict(zip(project.classes, found["lines"], strict=False)) if lines else {},
    }


def check(project: Project) -> None:
    """Raise Rejected where the project does not segment."""
    if project.task != "segment":
        raise Rejected(f"project {project.name!r} says which class a picture shows; it has no masks to measure.")


def source_of(image: Image) -> Source | None:
    """Whose mask is shown of a picture: the human's where there is one, else the model's; None without either."""
    if image.mask is not None or image.label == NOTHING:
        return "human"
    return None if image.version_id is None else "model"


def figures(services: Services, project: Project, image: Image, *, source: Source, threshold: float) -> Json | None:
    """What one mask of a picture measures, in pixels, as `measured` has it; None where there is no such mask.

    Kept beside the human's mask, or beside the picture for the model's at the project's own threshold, so that it is
    measured once however often it is asked for.
    """
    cut = masks.cut(threshold) if source == "model" else None
    kind, owner = (KIND, image.mask) if source == "human" else (f"{KIND}-{image.version_id}", image.sha256)
    lasting = owner is not None and (cut is None or cut == masks.cut(project.floor))
    kept = services.blobs.kept(kind, owner) if owner and lasting else None
    if kept is not None:
        known: Json = json.loads(kept)
        if (known["format"], known["cut"]) == (FORMAT, cut):
            return known
    mask = _mask(services, image, source=source, threshold=threshold)
    if mask is None:
        return None
    data = json.dumps({"format": FORMAT, "cut": cut, **measured(mask)})
    if owner and lasting:
        services.blobs.keep(kind, owner, data.encode())
    fresh: Json = json.loads(data)
    return fresh


def measured(mask: Mask) -> Json:
    """What a mask measures, in pixels: {total, classes, lines, widths}.

    `classes` and `lines` have one entry for each class up to the highest in the mask; `widths` are rows of a width and
    the length of all classes together that has it.
    """
    total = geometry.measure(mask > 0)
    highest = int(mask.max(initial=0))
    each = [total] if highest == 1 else [geometry.measure(mask == index) for index in range(1, highest + 1)]
    return {
        "total": geometry.as_json(total),
        "classes": [geometry.as_json(one) for one in each],
        "lines": [geometry.drawn(one.lines) for one in each],
        "widths": _by_width(total.profile),
    }


def named(found: Json, classes: Sequence[str], *, px_per_mm: float | None) -> Json:
    """The `total` and the figures `per_class` of what was `measured`, in millimetres too where there is a scale."""
    nothing = geometry.as_json(geometry.measure(np.zeros((1, 1), np.bool_)))
    rest = [nothing] * (len(classes) - len(found["classes"]))
    each = zip(classes, [*found["classes"], *rest], strict=False)
    return {
        "total": scaled(found["total"], px_per_mm),
        "per_class": {name: scaled(one, px_per_mm) for name, one in each},
    }


def scaled(plain: Json, px_per_mm: float | None) -> Json:
    """Figures in pixels with those in millimetres beside them; these stay None without a scale."""
    if px_per_mm is None:
        return plain
    lengths = {
        f"{name}_mm": round(plain[f"{name}_px"] / px_per_mm, 4) for name in ("length", "mean_width", "max_width")
    }
    return {**plain, **lengths, "area_mm2": round(plain["area_px"] / px_per_mm**2, 4)}


def _mask(services: Services, image: Image, *, source: Source, threshold: float) -> Mask | None:
    if source == "human":
        return drawing.human_mask(services, image)
    return drawing.model_mask(services, image, threshold=threshold)


def _by_width(profile: NDArray[np.float64]) -> list[list[float]]:
    if not len(profile):
        return []
    widths, place = np.unique(np.rint(profile[:, 0] / WIDTH_STEP) * WIDTH_STEP, return_inverse=True)
    lengths = np.bincount(place, weights=profile[:, 1])
    return [[width, round(length, 3)] for width, length in zip(widths.tolist(), lengths.tolist(), strict=True)]
