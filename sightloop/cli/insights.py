"""`sightloop insights`: what a project's pictures are like, how well its model does, what a training would take."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from sightloop.cli.opening import opened
from sightloop.cli.output import emit, figure, json_option, pairs, sections, table

if TYPE_CHECKING:
    from sightloop.flows.services import Services

Told = tuple[dict[str, Any], str]


@click.command()
@click.argument("project")
@click.option("--accuracy", "topic", flag_value="accuracy", help="The live model's answers against verified labels.")
@click.option("--teaching", "topic", flag_value="teaching", help="What a training would learn from now.")
@click.option("--leaks", "topic", flag_value="leaks", help="Pictures that stand on two sides of the split.")
@click.option("--fix-split", "topic", flag_value="fix", help="Take held-out copies of them off their side.")
@json_option
def insights(project: str, topic: str | None, as_json: bool) -> None:
    """What a project's pictures are like: classes, sizes, quality, states; or one thing more closely."""
    with opened() as services:
        found, text = TOPICS[topic or "all"](services, project)
    emit(found, as_json=as_json, text=lambda: text)


def _everything(services: Services, project: str) -> Told:
    from sightloop.flows import access
    from sightloop.flows import insights as flow

    found = flow.insights(services, user=access.OPERATOR, project=project)
    return found, pairs(found)


def _accuracy(services: Services, project: str) -> Told:
    from sightloop.flows import access
    from sightloop.flows import accuracy as flow

    found = flow.accuracy(services, user=access.OPERATOR, project=project)
    columns = ("recall", "precision", *(["dice"] if found["measure"] == "dice" else []))
    rows = [(one["name"], one["n"], *(figure(one[column]) for column in columns)) for one in found["per_class"]]
    told = {name: found[name] for name in ("version", "dice", "accepted", "accuracy", "basis", "reason")}
    audit = found["audit"]
    told["drawn at random"] = f"{figure(audit['accuracy'])} of {audit['n']}" if audit["n"] else audit["reason"]
    single = {name: value for name, value in told.items() if value is not None}
    return found, sections(pairs(single), table(rows if found["n"] else [], head=("class", "n", *columns), empty=""))


def _teaching(services: Services, project: str) -> Told:
    from sightloop.flows import access
    from sightloop.flows import teaching as flow

    found = flow.teaching(services, user=access.OPERATOR, project=project)
    rows = [tuple(one.values()) for one in found["per_class"]]
    single = {name: value for name, value in found.items() if name != "per_class"}
    return found, sections(pairs(single), table(rows, head=("class", "train", "calibration", "test"), empty=""))


def _leaks(services: Services, project: str) -> Told:
    from sightloop.flows import access, splitting

    found = splitting.leaks(services, user=access.OPERATOR, project=project)
    counts = [(kind, found[kind]["pairs"], found[kind]["across_sides"]) for kind in ("exact", "near")]
    counts.append(("two labels", found["contradictions"]["pairs"], "-"))
    return found, sections(table(counts, head=("copies", "pairs", "across sides")), found["fix"]["sentence"])


def _fix(services: Services, project: str) -> Told:
    from sightloop.flows import access, splitting

    expected = splitting.leaks(services, user=access.OPERATOR, project=project)["fix"]["images"]
    done = splitting.mend(services, user=access.OPERATOR, project=project, expected=expected)
    return done, f"{done['moved']} pictures left their side."


TOPICS = {"all": _everything, "accuracy": _accuracy, "teaching": _teaching, "leaks": _leaks, "fix": _fix}
