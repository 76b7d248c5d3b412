"""What a search tries of each family's parameters: choices and ranges, checked without importing torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, cast

from sightloop.core.entities import Json
from sightloop.core.errors import Rejected
from sightloop.families import parameters

Kind = Literal["choice", "int", "float"]
Value = str | float | bool
HINT = 'Give choices such as [0.3, 0.5], or a range such as {"low": 1e-5, "high": 1e-3, "log": true}.'


@dataclass(frozen=True)
class Axis:
    """One parameter that is searched: one of `choices`, or a number from `low` to `high`, even in its logarithm."""

    name: str
    kind: Kind
    low: float | None = None
    high: float | None = None
    log: bool = False
    choices: tuple[Value, ...] = ()


def _choice(name: str, *choices: Value) -> Axis:
    return Axis(name, "choice", choices=choices)


def _number(name: str, low: float, high: float, *, log: bool = False) -> Axis:
    return Axis(name, "float", low, high, log)


def _whole(name: str, low: int, high: int, *, log: bool = False) -> Axis:
    return Axis(name, "int", low, high, log)


SPACES: dict[str, tuple[Axis, ...]] = {
    "transfer": (
        _choice("dropout", 0.3, 0.5),
        _choice("freeze", "none", "upto_stage_1", "upto_stage_2", "upto_stage_3"),
        _number("lr", 1e-5, 1e-3, log=True),
        _whole("epochs", 2, 10),
    ),
    "linear": (
        _number("c", 1.0, 1000.0, log=True),
        _choice("resize", "squash", "crop"),
        _choice("mirror_below", 0, 2000),
    ),
    "boosted": (
        _number("learning_rate", 0.01, 0.3, log=True),
        _whole("leaves", 4, 63, log=True),
        _whole("least", 2, 50, log=True),
        _number("columns", 0.05, 1.0),
        _number("penalty", 0.01, 100.0, log=True),
    ),
}
GIVEN: dict[str, Json] = {"boosted": {"search": "none"}}  # what a search of ours takes the place of


def space(family: str, fixed: Mapping[str, Any], wanted: Mapping[str, Any]) -> tuple[Axis, ...]:
    """The axes of a search: those of the family, without what is `fixed`, with what is `wanted` in their place.

    Args:
        wanted: parameter → a list of choices, or {low, high, log}.

    Raises:
        Rejected: nothing is left to try, a parameter is both, or a value that the family does not take.
    """
    if both := sorted(set(fixed) & set(wanted)):
        raise Rejected(f"parameter {both[0]!r} is both fixed and searched.", hint="Choose one.")
    axes = {axis.name: axis for axis in SPACES.get(family, ()) if axis.name not in fixed}
    axes |= {name: _read(family, name, value) for name, value in wanted.items()}
    if not axes:
        raise Rejected("every parameter is fixed: there is nothing to search.", hint="Leave one open.")
    for axis in axes.values():
        _check(family, axis)
    return tuple(axes.values())


def rows(axes: Sequence[Axis]) -> list[Json]:
    """The axes as JSON rows {name, kind, low, high, log, choices}."""
    return [{**asdict(axis), "choices": list(axis.choices)} for axis in axes]


def axes_of(told: Sequence[Json]) -> tuple[Axis, ...]:
    """The axes that `rows` told."""
    return tuple(Axis(**{**row, "choices": tuple(row["choices"])}) for row in told)


def _read(family: str, name: str, value: Any) -> Axis:
    if isinstance(value, list | tuple) and value:
        return Axis(name, "choice", choices=tuple(value))
    if not isinstance(value, Mapping) or not {"low", "high"} <= set(value) <= {"low", "high", "log"}:
        raise Rejected(f"what to try of {name!r} is not clear: {value!r}.", hint=HINT)
    takes = {row["name"]: row["takes"] for row in parameters.described(parameters.PARAMS[family])}.get(name)
    low, high, log = value["low"], value["high"], value.get("log", False)
    if takes not in ("int", "float") or not all(isinstance(end, int | float) for end in (low, high)) or low >= high:
        raise Rejected(f"parameter {name!r} takes no range of {low!r} to {high!r}.", hint=HINT)
    if not isinstance(log, bool) or (log and low <= 0):
        raise Rejected(f"the logarithm of {name!r} has no range of {low!r} to {high!r}.", hint="Begin above 0.")
    return Axis(name, cast(Kind, takes), low, high, log)


def _check(family: str, axis: Axis) -> None:
    """Raise Rejected unless the family takes every choice, or both ends."""
    for value in axis.choices or (axis.low, axis.high):
        parameters.build(parameters.PARAMS[family], {axis.name: value})
