"""How bundles are made: model families by name, none imported before it is asked for."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, cast

from sightloop.core.entities import Json, TrainingSet
from sightloop.core.errors import Missing, Rejected
from sightloop.core.ports import Family, Report
from sightloop.families import parameters, spaces
from sightloop.families import weights as weight_files

MODULES = {name: f"sightloop.families.{name}" for name in parameters.PARAMS}
NAMES = tuple(sorted(MODULES))
USUAL = {"classify": "transfer", "segment": "attention_unet"}  # the family that a task's projects begin with
LIVE = parameters.LIVE
GOING_ON = {  # families that can begin with those, and of which families they may be
    "attention_unet": frozenset({"attention_unet"}),
    "boosted": frozenset({"transfer", "linear", "boosted"}),
    "transfer": frozenset({"transfer"}),
}


def get(name: str) -> Family:
    """Import the family called `name`.

    Raises:
        Missing: no such family.
        Rejected: what its extra brings is not installed.
    """
    return cast(Family, _import(_known(name)))


def params(name: str, values: Mapping[str, Any]) -> Any:
    """The parameters of family `name` with `values` over its defaults; imports no torch.

    Raises:
        Missing: no such family.
        Rejected: an unknown parameter, a value of another type, or one out of range; the message names it.
    """
    _known(name)
    return parameters.build(parameters.PARAMS[name], values)


def task(name: str) -> str:
    """What models of family `name` do: classify or segment. Raises Missing."""
    return "segment" if _known(name) == USUAL["segment"] else "classify"


def usual(task: str) -> str:
    """The family that is trained where none is named."""
    return USUAL[task]


def goes_on(name: str, live: str = "") -> bool:
    """Whether a training of this family can begin with the weights of a version of family `live`, its own where ""."""
    return (live or name) in GOING_ON.get(name, ())


def offered(weights_dir: Path) -> list[Json]:
    """Every family with its parameters, and why its defaults find no pretrained weights where they do not; no torch."""
    return [
        {
            "name": name,
            "task": task(name),
            "about": inspect.getdoc(kind),
            "params": parameters.described(kind),
            "missing_weights": _missing_weights(name, weights_dir),
        }
        for name, kind in parameters.PARAMS.items()
    ]


def _missing_weights(name: str, weights_dir: Path) -> str | None:
    try:
        check_weights(name, {}, weights_dir)
    except Rejected as error:
        return error.message
    return None


def check_weights(name: str, values: Mapping[str, Any], weights_dir: Path) -> None:
    """Raise Rejected now, not in an hour, where the weights that these parameters ask for cannot be found."""
    checked = params(name, values)
    if checked.backbone == parameters.PLAIN and checked.weights != "none":
        raise Rejected(
            f"the plain encoder has no pretrained weights, so {checked.weights!r} finds none.",
            hint="Choose weights none, or another backbone.",
        )
    weight_files.find(checked.weights, checked.backbone, weights_dir)


def plan(name: str, counts: Mapping[str, int], checked: Any, *, weights: Path) -> Json:
    """What training would take: parameters, seconds and bytes; see the family's `plan`. Imports torch.

    Args:
        counts: pictures per side, such as {"train": 700, "calibration": 100}.
        checked: what `params` returned.
    """
    return cast(Json, _import(_known(name)).plan(counts, checked, weights_dir=weights))


def space(name: str, fixed: Mapping[str, Any], wanted: Mapping[str, Any]) -> list[Json]:
    """What a search of family `name` tries, as rows {name, kind, low, high, log, choices}; see `spaces.space`.

    Raises:
        Missing: no such family.
        Rejected: it cannot be searched, or `wanted` does not fit it.
    """
    if _known(name) not in spaces.SPACES:
        raise Rejected(f"family {name!r} cannot be searched.", hint=f"Families: {', '.join(spaces.SPACES)}.")
    return spaces.rows(spaces.space(name, fixed, wanted))


def searched(name: str, fixed: Mapping[str, Any]) -> Json:
    """The fixed parameters of a search, and those that switch off what it takes the place of."""
    return {**spaces.GIVEN.get(name, {}), **fixed}


def run_search(
    asked: Json, data: TrainingSet, *, work: Path, context: Json, told: Callable[[Json], None], report: Report
) -> Json:
    """Carry out a search; see `families.search.search`. Imports optuna, and torch only in processes of its own.

    Args:
        asked: {family, params (the fixed ones), space (rows), trials, processes, seed}.
    """
    module = _load("sightloop.families.search", what="a search")
    numbers = (asked["trials"], asked["processes"], asked["seed"])
    wanted = module.Wanted(asked["family"], asked["params"], spaces.axes_of(asked["space"]), *numbers)
    place = module.Place(work, context, told)
    return cast(Json, module.search(wanted, data, place=place, report=report))


def import_state_dict(path: Path, *, backbone: str, classes: Sequence[str], folder: Path) -> Json:
    """Make a bundle in `folder` of weights that were trained elsewhere; see `families.importing`. Imports torch."""
    module = _load("sightloop.families.importing", what="importing weights")
    return cast(Json, module.from_state_dict(path, backbone=backbone, classes=classes, folder=folder, context={}))


def _known(name: str) -> str:
    if name not in MODULES:
        raise Missing(f"no model family {name!r}.", hint=f"Known families: {', '.join(NAMES)}.")
    return name


def _import(name: str) -> Any:
    return _load(MODULES[name], what=f"family {name!r}")


def _load(module: str, *, what: str) -> Any:
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        raise Rejected(f"{what} needs {error.name!r}.", hint='Install "sightloop[train]".') from error
