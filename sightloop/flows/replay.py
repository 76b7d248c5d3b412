"""Answer a picture again with the version that answered it: the same numbers, or exactly why not."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sightloop import __version__, bundles
from sightloop.bundles import format as bundle_format
from sightloop.bundles.graphs import INT8
from sightloop.core.entities import Json, ModelVersion, Prediction, User
from sightloop.core.errors import BadBundle, BadImage, Missing
from sightloop.flows.access import image_for
from sightloop.flows.bundle_cache import unpacked
from sightloop.flows.services import Services
from sightloop.store import outcomes, predictions, versions
from sightloop.vision.decode import decode

EQUAL = 1e-6  # of a probability
ROUNDING = 1e-4
SECONDS = 60.0

Found = tuple[Sequence[str], Sequence[float], str]  # classes, their probabilities, and who answered


def replay(services: Services, *, user: User, prediction_id: str) -> Json:
    """Ask the version that gave this prediction again, with the same bytes; nothing is stored.

    Returns:
        {prediction_id, image_id, version, same, reason, largest_difference, recorded, now}: `same` where no probability
        differs by more than 1e-6 and the same member of a cascade answered; `reason` is a sentence where there is
        something to say; `recorded` and `now` are {predicted, confidence, probabilities, route}, `now` None where
        nothing can be answered any more.

    Raises:
        Missing: no such prediction, or not one this user may see.
        Overloaded: too many pictures wait.
    """
    with services.db.connect() as db:
        said = predictions.get(db, prediction_id)
    image, project = image_for(services, user=user, image_id=said.image_id, action="view")
    with services.db.connect() as db:
        version = versions.by_id(db, said.version_id)
    told: Json = {
        "prediction_id": said.id,
        "image_id": image.id,
        "version": version.number,
        "recorded": _recorded(said),
    }
    try:
        data = services.blobs.get(image.sha256)
        waiting = services.runtime.submit(
            data, project_id=image.project_id, facts=False, version_id=version.id, timeout=SECONDS
        )
        answer = waiting.result()
    except (Missing, BadBundle, BadImage) as error:
        return {**told, "same": False, "reason": error.message, "largest_difference": None, "now": None}
    found: Found = (answer.classes, answer.probabilities, answer.route)
    compared = _compared(services, said, found, version=version, data=data)
    if project.task == "segment":  # its class depends on the threshold of the day
        confidence = compared["now"]["probabilities"].get(said.predicted, 0.0)
        compared["now"] |= {"predicted": said.predicted, "confidence": confidence}
    return {**told, **compared}


def _recorded(said: Prediction) -> Json:
    return {
        "predicted": said.predicted,
        "confidence": said.confidence,
        "probabilities": dict(said.probabilities),
        "route": said.route,
    }


def _compared(services: Services, said: Prediction, found: Found, *, version: ModelVersion, data: bytes) -> Json:
    difference = _difference(said, found)
    reason = None
    if difference is not None and difference > EQUAL:
        other = _other_graph(services, said, version, data)
        if other is not None:
            found, difference = other, _difference(said, other)
            reason = "equal with the other graph of this version: which one answers is measured when it is loaded"
    routed = said.route in (found[2], *outcomes.HIDDEN)
    same = difference is not None and difference <= EQUAL and routed
    if not same:
        folder = unpacked(services, version.bundle)
        reason = _why(said, found, difference, maker=bundle_format.parse(folder).code_version)
    return {"same": same, "reason": reason, "largest_difference": difference, "now": _now(found)}


def _now(found: Found) -> Json:
    """The answer as it would be recorded."""
    named = dict(zip(found[0], found[1], strict=True))
    likeliest = max(named, key=lambda name: named[name])
    return {"predicted": likeliest, "confidence": named[likeliest], "probabilities": named, "route": found[2]}


def _difference(said: Prediction, found: Found) -> float | None:
    """The largest difference of a probability; None where the classes are others."""
    if set(said.probabilities) != set(found[0]):
        return None
    before = np.array([said.probabilities[name] for name in found[0]])
    return float(np.abs(before - np.array(found[1])).max())


def _other_graph(services: Services, said: Prediction, version: ModelVersion, data: bytes) -> Found | None:
    """What the graph says that gave the recorded numbers, where the bundle holds two and one of them did."""
    folder = unpacked(services, version.bundle)
    for precision in ("fp32", "int8") if (folder / INT8).exists() else ():
        predictor = bundles.load(folder, precision=precision)
        outputs = predictor.predict([decode(data, shrink_to=predictor.input_size)])
        found: Found = (predictor.classes, outputs.probabilities[0].tolist(), "single")
        gap = _difference(said, found)
        if gap is not None and gap <= EQUAL:
            return found
    return None


def _why(said: Prediction, found: Found, difference: float | None, *, maker: str) -> str:
    if difference is None:
        return f"the classes are others: recorded {', '.join(said.probabilities)}, now {', '.join(found[0])}"
    if difference <= EQUAL:
        return f"the same numbers, but {found[2]} answered now and {said.route} then"
    if difference <= ROUNDING:
        return f"the numbers differ by {difference:.1e}: another machine or batch adds them up in another order"
    made = f"made by Sightloop {maker}, " if maker and maker != __version__ else ""
    return (
        f"the numbers differ by {difference:.1e}, though picture and bundle are the same bytes: it was answered by "
        f"another Sightloop, library or processor ({made}this is Sightloop {__version__})"
    )
