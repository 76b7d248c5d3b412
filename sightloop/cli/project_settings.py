"""The options of `sightloop project set` that are settings of a project, and what they come to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])
OFF = {"px_per_mm": 0, "margin": 0}  # options whose zero takes the setting away

OPTIONS = (
    click.option("--group-by-site/--no-group-by-site", default=None, help="Keep all pictures of a site on one side."),
    click.option("--ratios", help="Shares of train, calibration and test for new groups, for example 0.5,0.3,0.2."),
    click.option("--px-per-mm", type=float, help="Pixels to the millimetre, where pictures name none; 0 removes it."),
    click.option("--certify/--no-certify", default=None, help="Keep half of the calibration side to certify cascades."),
    click.option("--reject-rate", type=float, help="Share of ordinary pictures that may be refused as off-domain."),
    click.option("--retake/--no-retake", default=None, help="Refuse photos unlike the usual in sharpness or light."),
    click.option(
        "--region",
        type=click.Choice(["eye", "whole"]),
        help="Outline the iris on pictures; models see all of it unless trained so.",
    ),
    click.option("--drift-threshold", type=float, help="Nominal p of drift alarms, for example 0.05."),
    click.option("--drift-check", type=click.Choice(["daily", "off"]), help="Whether drift is looked for by itself."),
    click.option(
        "--retrain-automatically/--retrain-by-hand",
        "retrain_automatically",
        default=None,
        help="Learn on when a rule of `sightloop retrain --dry-run` is met.",
    ),
    click.option(
        "--retrain-after",
        "min_samples_for_retraining",
        type=int,
        help="How many new labels, or corrected masks, are enough for that.",
    ),
    click.option("--cool-down-days", type=float, help="Days between two trainings that start by themselves."),
    click.option("--budget-hours", type=float, help="Hours of training by itself in 30 days."),
    click.option("--new-share", type=float, help="Share of what is learnt that new pictures have; 0.5 at most."),
    click.option("--second-opinion/--one-opinion", default=None, help="A reviewer's correction waits for a second."),
    click.option(
        "--promote-automatically/--promote-by-hand",
        "promote_automatically",
        default=None,
        help="Let the gate put a better version live.",
    ),
    click.option("--margin", type=float, help="What a promotion may lose on the frozen test side; 0 for the usual."),
    click.option(
        "--rollout", type=click.Choice(["direct", "shadow"]), help="Whether a version answers in shadow first."
    ),
)


def setting_options(command: Command) -> Command:
    """Give the command every option of a setting."""
    for option in reversed(OPTIONS):
        command = option(command)
    return command


def given_settings(options: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that were given, as `flows.projects.update` takes them."""
    found = {name: value for name, value in options.items() if value is not None}
    found |= {name: None for name, off in OFF.items() if found.get(name) == off}
    if "ratios" in found:
        found["ratios"] = _shares(found["ratios"])
    if found.get("region") == "whole":
        found["region"] = ""
    return found


def _shares(text: str | None) -> list[float] | None:
    try:
        return [float(part) for part in text.split(",")] if text else None
    except ValueError as error:
        raise click.BadParameter(f"{text!r} is not three numbers.", param_hint="--ratios") from error
