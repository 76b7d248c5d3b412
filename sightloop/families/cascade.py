"""Family `cascade`: two trained models and a certified limit between them; it learns nothing itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from sightloop.bundles.cascade import ACCURATE, FAST, MEMBERS, load_member
from sightloop.core.arrays import Scores
from sightloop.core.entities import Example, Json, Progress, TrainingSet
from sightloop.core.errors import Rejected
from sightloop.core.ports import Report
from sightloop.families import asking, cascade_writing, certifying
from sightloop.families.asking import Pair
from sightloop.families.certifying import Judged
from sightloop.families.parameters import CascadeParams, defaults
from sightloop.measure import calibration, labels

TASK = "classify"
Params = CascadeParams
DEFAULTS = defaults(CascadeParams)

SECONDS_PER_PICTURE = 0.05  # decoding and both members on one core


def train(data: TrainingSet, params: CascadeParams, *, folder: Path, work: Path, report: Report, context: Json) -> Json:
    """Write a complete bundle into `folder`: both members, and at which confidence the fast one may answer.

    The fast member's temperature is fitted on the calibration side, the limit certified on `data.certification`. With
    too few of those the bundle is complete all the same: it defers everything, and says how many are missing.

    Args:
        work: stays empty.
        context: members {"fast": {"version", "folder"}, "accurate": ...}; snapshot, created_at and floor where known.

    Returns:
        metrics (calibration and certification pictures together), certificate (see `certifying.certificate`; with
        temperature, cost and members), history.

    Raises:
        Rejected: no picture at all, or a member knows other classes than the pictures show; names them.
        BadBundle: a member is damaged, or no plain classifier.
        Cancelled: a person asked to stop.
    """
    del work
    pair = _pair(data, context["members"])
    tuned, temperature = _tuned(pair, data.calibration, report)
    said = asking.ask(pair, data.certification, report=report, what="certifying")
    certified = Judged(said.fast(temperature), said.accurate, asking.targets(data.certification))
    promise = certifying.certificate(tuned, certified.only(certifying.alone(data.certification)), params)
    report(Progress(0, 1, "measuring what each member costs"))
    pictures = (*data.certification, *data.calibration, *data.train)[: asking.TIMED]
    cost = asking.cost(pair, pictures, share_fast=promise["share_fast"], audit=params.audit)
    promise |= {"temperature": temperature, "cost": cost}
    promise["members"] = _described(pair, context["members"], promise, certified=certified, data=data)
    metrics = _metrics(promise, data, tuned=tuned, certified=certified, floor=float(context.get("floor", 0.0)))
    cascade_writing.write(folder, pair, params, metrics=metrics, promise=promise, context=context)
    return {"metrics": metrics, "certificate": promise, "history": []}


def plan(counts: Mapping[str, int], params: CascadeParams, *, weights_dir: Path) -> Json:
    """What certifying would take; a guess, as its members are not known yet."""
    del params, weights_dir
    seconds = {"asking": counts.get("calibration", 0) * SECONDS_PER_PICTURE, "measuring": 3.0}
    total = {"total": sum(seconds.values())}
    return {"parameters": {}, "seconds": {**seconds, **total}, "memory_bytes": 400 * 2**20, "disk_bytes": 0}


def _pair(data: TrainingSet, members: Json) -> Pair:
    """Both members, loaded. Raises Rejected where one knows other classes than the pictures show, or there are none."""
    if not (data.train or data.calibration or data.certification):
        raise Rejected("there are no labelled pictures to certify with.", hint="Label or import some.")
    found = {role: load_member(Path(members[role]["folder"])) for role in MEMBERS}
    for role, one in found.items():
        if odd := sorted(set(one.classes) ^ set(data.classes)):
            raise Rejected(
                f"version {members[role]['version']} and the project's training pictures do not show the same classes: "
                f"only one of them has {', '.join(odd)}.",
                hint="Train both members anew.",
            )
    return Pair(found[FAST], found[ACCURATE], data.classes)


def _tuned(pair: Pair, examples: Sequence[Example], report: Report) -> tuple[Judged, float]:
    """What is said of the calibration side, at the temperature fitted there; at the member's own where it is empty."""
    said, truth = asking.ask(pair, examples, report=report, what="calibrating"), asking.targets(examples)
    temperature = calibration.fit_temperature(said.logits, truth) if examples else pair.fast.manifest.temperature
    return Judged(said.fast(temperature), said.accurate, truth), temperature


def _described(pair: Pair, members: Json, promise: Json, *, certified: Judged, data: TrainingSet) -> Json:
    """Of each member version, family, backbone, ms, and its accuracy on the pictures that certify (None without)."""
    answers = {FAST: (pair.fast, certified.fast), ACCURATE: (pair.accurate, certified.accurate)}
    return {
        role: {
            "version": members[role]["version"],
            "family": one.manifest.family,
            "backbone": one.manifest.backbone,
            "ms": promise["cost"][f"{role}_ms"],
            "accuracy": _score(said, data.certification, classes=data.classes).get("accuracy"),
        }
        for role, (one, said) in answers.items()
    }


def _metrics(promise: Json, data: TrainingSet, *, tuned: Judged, certified: Judged, floor: float) -> Json:
    """Figures of the cascade over the whole calibration side, as other families have them."""
    answers = np.concatenate([one.answers(promise["threshold"]) for one in (tuned, certified)])
    examples = (*data.calibration, *data.certification)
    return {
        "calibration": _score(answers, examples, classes=data.classes, floor=floor),
        "temperature_scaling": {"temperature": promise["temperature"]},
        "pictures": {"calibration": len(data.calibration), "certification": len(data.certification)},
    }


def _score(answers: Scores, examples: Sequence[Example], *, classes: tuple[str, ...], floor: float = 0.0) -> Json:
    """See `measure.labels.score`; nothing where there are no pictures."""
    groups = [example.group_id for example in examples]
    truth = asking.targets(examples)
    return labels.score(answers, truth, classes=classes, groups=groups, floor=floor) if groups else {}
