"""`sightloop cascade`: certify how often a fast model may answer instead of an accurate one, and report on it."""

from __future__ import annotations

from typing import Any

import click

from sightloop.cli.opening import opened
from sightloop.cli.output import emit, figure, json_option, pairs, sections, table


@click.group()
def cascade() -> None:
    """A fast model answers where it is sure, an accurate one the rest, with a certified loss of accuracy."""


@cascade.command()
@click.argument("project")
@click.option("--fast", help="Version that answers first.  [default: the live cascade's, else the quickest]")
@click.option("--accurate", help="Version that answers the rest.  [default: the live cascade's, else the best]")
@click.option("--epsilon", type=float, help="Accuracy that may be lost against the accurate model.  [default: 0.02]")
@click.option("--delta", type=float, help="Chance that this promise is broken all the same.  [default: 0.05]")
@click.option("--human", type=float, help="Share of wrong answers that may be given; people get what is less sure.")
@click.option("--label-free", is_flag=True, help="Count disagreements of the two models instead of errors.")
@json_option
def certify(project: str, label_free: bool, as_json: bool, **flags: Any) -> None:
    """Make a cascade of two versions of PROJECT, certify it, and register it as a version; Ctrl-C asks to stop."""
    from sightloop.cli.follow import follow
    from sightloop.flows import access, cascade_report, cascading

    params = {**flags, "labelled": False if label_free else None}
    with opened() as services:
        job = cascading.start(services, user=access.OPERATOR, name=project, params=params)
        context = follow(services, job).context
        found = cascade_report.state(services, user=access.OPERATOR, name=project)
    made = {"version": context["version"], "certificate": context["trained"]["certificate"]}
    made |= {"evaluation": context["evaluation"]}
    emit(made, as_json=as_json, text=lambda: _made(project, made, live=found["version"] if found["active"] else None))


@cascade.command()
@click.argument("project")
@json_option
def report(project: str, as_json: bool) -> None:
    """How the cascade of PROJECT stands: its limit, what it defers and costs, its audit, and what could be promised."""
    from sightloop.flows import access, cascade_report

    with opened() as services:
        found = cascade_report.state(services, user=access.OPERATOR, name=project)
    emit(found, as_json=as_json, text=lambda: _readable(found))


def _made(project: str, made: dict[str, Any], *, live: int | None) -> str:
    version, promise = made["version"], made["certificate"]
    accuracy = figure(made["evaluation"].get("accuracy"))
    instead = f"instead of version {live}" if live else "instead of a single model"
    return sections(
        f"Version {version} is registered; accuracy on the test side {accuracy}.",
        pairs(promised(promise)),
        allowed(promise),
        f'sightloop models promote {project} {version} --force --reason "it costs less"  puts it live {instead}.',
    )


def _readable(found: dict[str, Any]) -> str:
    promise = found["certificate"]
    if promise is None:
        return sections(found["reason"] or "There is no cascade yet.", _pictures(found), _candidates(found))
    which = f"Version {found['version']} is live." if found["active"] else f"Version {found['version']} is not live."
    return sections(
        which,
        pairs(promised(promise)),
        pairs(_lately(found)),
        allowed(promise),
        _pictures(found),
        _candidates(found),
        found["reason"] or "",
    )


def promised(promise: dict[str, Any]) -> dict[str, str]:
    """A certificate for people."""
    epsilon, delta = promise["epsilon"], promise["delta"]
    of = promise["members"]
    against = f"version {of['accurate']['version']} ({of['accurate']['backbone']})"
    told = {
        "promise": f"at most {epsilon:.2%} less accurate than {against}, with {1 - delta:.0%} certainty",
        "certified by": f"{promise['n']} pictures, of which {promise['k']} cost something ({promise['form']})",
        "fast answers": _band(promise),
        "deferred": f"{1 - promise['share_fast']:.1%} of the pictures",
        "cost": _cost(promise["cost"]),
    }
    if promise["human"] is not None:
        told["people"] = _people(promise["human"])
    return {**told, **({"reason": promise["reason"]} if promise["reason"] else {})}


def _band(promise: dict[str, Any]) -> str:
    fast = promise["members"]["fast"]
    if promise["threshold"] is None:
        return f"none of version {fast['version']} ({fast['backbone']}): everything is deferred"
    return f"of version {fast['version']} ({fast['backbone']}) from a confidence of {promise['threshold']:.3f} on"


def _cost(cost: dict[str, Any]) -> str:
    each = f"{cost['fast_ms']:.1f} ms fast, {cost['accurate_ms']:.1f} ms accurate, {cost['cascade_ms']:.1f} ms together"
    saved = cost["saved_share"]
    told = (
        f"{saved:.0%} of the accurate member's time saved" if saved >= 0 else f"{-saved:.0%} more than the accurate one"
    )
    return f"{each}; {told}"


def _people(human: dict[str, Any]) -> str:
    if human["threshold"] is None:
        return "answer everything"
    return f"answer below a confidence of {human['threshold']:.3f}: {human['share']:.1%} of the pictures"


def allowed(promise: dict[str, Any]) -> str:
    """What the certifying pictures would allow to promise."""
    rows = [
        (f"{row['epsilon']:.1%}", "yes" if row["possible"] else "no", row["needed"], row["needed_1"], row["needed_2"])
        for row in promise["allows"]
    ]
    head = ("loss", f"possible with {promise['n']}", "pictures needed", "if 1 costs", "if 2 cost")
    return table(rows, head=head)


def _lately(found: dict[str, Any]) -> dict[str, str]:
    live, audit = found["live"], found["audit"]
    counts = ", ".join(f"{live[name]} {name}" for name in ("fast", "accurate", "human", "audited"))
    return {"last week": f"{live['answers']} answers: {counts}", "audit": audit["sentence"]}


def _pictures(found: dict[str, Any]) -> str:
    pictures = found["pictures"]
    return f"{pictures['certification']} pictures would certify now; {pictures['needed']} are needed at least."


def _candidates(found: dict[str, Any]) -> str:
    rows = [
        (row["version"], row["family"], row["backbone"], figure(row["accuracy"]), figure(row["ms"]), row["certifies"])
        for row in found["candidates"]
    ]
    return table(rows, head=("version", "family", "backbone", "accuracy", "ms", "pictures it never met"))
