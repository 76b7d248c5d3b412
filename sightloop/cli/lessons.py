"""Teach on: `sightloop save-for-retrain` and `retrain`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from sightloop.cli.opening import opened
from sightloop.cli.output import emit, json_option, moment, pairs, sections, table


@click.command("save-for-retrain")
@click.argument("project")
@click.argument("photo", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("mask", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--label", help="Instead of a mask: a class, or nothing.")
@click.option("--metadata", help='A JSON object that is kept with the picture, for example {"site": "bridge 7"}.')
@json_option
def save_for_retrain(
    project: str, photo: Path, mask: Path | None, label: str | None, metadata: str | None, as_json: bool
) -> None:
    """Store PHOTO, or find it, with the MASK that a person drew of it; the next training learns from it."""
    from sightloop.flows import access, lessons, upload

    facts = lessons.metadata(metadata or "")
    with opened() as services:
        found = lessons.save(
            services,
            user=access.OPERATOR,
            project=project,
            picture=upload.incoming(services, name=photo.name, data=photo.read_bytes()),
            mask=mask.read_bytes() if mask else None,
            label=label,
            metadata=facts,
        )
    emit(found, as_json=as_json, text=lambda: _saved(found))


def _saved(found: dict[str, Any]) -> str:
    image = found["image"]
    told = {
        "picture": image.id,
        "new": "yes" if found["created"] else "no, it was here",
        "said": image.label,
        "agreement": image.agreement,
        "corrections": f"{found['corrected']} of {found['wanted']}",
    }
    return pairs({**told, **({"mask": found["note"]} if found["note"] else {})})


@click.command()
@click.argument("project")
@click.option("--force", is_flag=True, help="Although fewer labels are new than the project wants.")
@click.option("--dry-run", is_flag=True, help="Only say whether it would start by itself now, and what is missing.")
@click.option(
    "--zip",
    "archive",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Take in this ZIP of class folders first; what is here already stays.",
)
@json_option
def retrain(project: str, force: bool, dry_run: bool, archive: Path | None, as_json: bool) -> None:
    """Let the live model learn on from what people said since; Ctrl-C asks the job to stop."""
    if dry_run:
        _would(project, as_json=as_json)
        return
    from sightloop.cli.follow import follow
    from sightloop.cli.training import trained
    from sightloop.flows import access, jobs, relearning, retraining

    with opened() as services:
        if archive:
            asked = relearning.retrain(services, user=access.OPERATOR, name=project, archive=archive, discard=False)
        else:
            asked = retraining.start(services, user=access.OPERATOR, name=project, force=force)
        done = follow(services, asked)
        if "then" in done.params:
            for waiting in jobs.listing(services, user=access.OPERATOR, project=project, states=("queued",)):
                if waiting.kind == "train":  # a live cascade is certified anew with what has learnt on
                    follow(services, waiting)
    emit(done, as_json=as_json, text=lambda: trained(done.context))


def _would(project: str, *, as_json: bool) -> None:
    from sightloop.flows import access, policy

    with opened() as services:
        found = policy.decide(services, user=access.OPERATOR, project=project)
    emit(found, as_json=as_json, text=lambda: _decided(found))


def _decided(found: dict[str, Any]) -> str:
    rules = [(one["name"], "yes" if one["met"] else "no", one["value"], one["wanted"]) for one in found["rules"]]
    holds = [(one["name"], moment(one["until"]), one["sentence"]) for one in found["holds"]]
    return sections(
        ("It would retrain now. " if found["would"] else "It would not retrain by itself now. ") + found["sentence"],
        table(rules, head=("rule", "met", "labels", "of"), empty=""),
        "\n".join(f"{one['name']}: {one['sentence']}" for one in found["rules"]),
        table(holds, head=("held by", "until", "why"), empty="Nothing holds it."),
    )
