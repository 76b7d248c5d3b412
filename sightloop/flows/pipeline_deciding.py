"""Whether a pipeline trains: the policy of the server, asked about the export and the check before."""

from __future__ import annotations

from sightloop.core.entities import Json, Project
from sightloop.flows import policy, projects
from sightloop.flows.access import OPERATOR
from sightloop.flows.services import Services
from sightloop.store import drift

KEPT = ("would", "rule", "sentence", "missing", "rules", "holds", "learns")
AUTOMATIC = {"retrain_automatically": True}  # the pipeline is the automatism, whatever the server does by itself


def decide(services: Services, project: Project, found: Json, *, force: bool) -> Json:
    """What `policy.decide` says with the check `found` as the newest one.

    Args:
        force: train whatever the rules say, where there is anything to learn from; the rule is then "forced".

    Returns:
        {would, rule, sentence, missing, rules, holds, learns}.
    """
    if found["alarm"]:
        _remember(services, project, found)
    projects.update(services, user=OPERATOR, name=project.name, settings=AUTOMATIC)
    told = policy.decide(services, user=OPERATOR, project=project.name)
    kept = {name: told[name] for name in KEPT}
    if not told["rules"]:  # without a live version none can be met
        kept["sentence"] = told["holds"][0]["sentence"]
    if force:
        kept |= {"would": True, "rule": "forced", "sentence": "It trains because params.yaml says force."}
    return kept


def _remember(services: Services, project: Project, found: Json) -> None:
    """Keep the check as the newest report of the live version."""
    with services.db.begin() as db:
        drift.add(db, project.id, {**found, "until": services.clock()})
