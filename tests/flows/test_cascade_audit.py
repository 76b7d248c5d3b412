"""What an audit lets one say of a promise."""

from __future__ import annotations

import pytest

from sightloop.core.entities import Json, ModelVersion, Project
from sightloop.flows import cascade_audit
from sightloop.flows.services import Services
from sightloop.store import images
from tests.flows import labelled
from tests.store import builders

PROMISE = {"epsilon": 0.1, "delta": 0.05}


@pytest.fixture
def version(services: Services, project: Project) -> ModelVersion:
    return labelled.version(services, project)


def answer(services: Services, version: ModelVersion, *, n: int, route: str = "fast", audit: str | None = None) -> None:
    """Let `n` pictures that come in now be answered "red"."""
    with services.db.begin() as db:
        for number in range(n):
            name = f"{route} {audit} {n} {number}"
            image, _ = images.add(db, builders.image(version.project_id, name, created_at=services.clock()))
            image = images.apply_facts(db, image, builders.facts(name))
            figures = {"audit": audit} if audit else None
            one = builders.prediction(image, predicted="red", route=route, version_id=version.id, figures=figures)
            images.apply_prediction(db, image, one, None)


def audited(services: Services, version: ModelVersion) -> Json:
    return cascade_audit.audit(services, version, PROMISE)


def test_without_answers_nothing_is_said_to_hold(services: Services, version: ModelVersion) -> None:
    told = audited(services, version)
    assert (told["verdict"], told["n"]) == ("undecided", 0)
    assert "nothing was audited" in told["sentence"]


def test_where_everything_is_deferred_there_is_nothing_to_break(services: Services, version: ModelVersion) -> None:
    answer(services, version, n=5, route="accurate")
    assert audited(services, version)["verdict"] == "holds"
    assert "nothing to audit" in audited(services, version)["sentence"]


def test_a_few_audits_leave_it_open_and_many_that_agree_bear_it_out(services: Services, version: ModelVersion) -> None:
    answer(services, version, n=5, audit="red")
    assert audited(services, version)["verdict"] == "undecided"
    answer(services, version, n=40, audit="red")
    answer(services, version, n=45, route="accurate")
    told = audited(services, version)
    assert (told["verdict"], told["n"], told["disagreements"]) == ("holds", 45, 0)
    assert told["low"] == 0 < told["high"] <= PROMISE["epsilon"]


def test_many_disagreements_break_it(services: Services, version: ModelVersion) -> None:
    answer(services, version, n=10, audit="red")
    answer(services, version, n=10, audit="blue")
    told = audited(services, version)
    assert told["verdict"] == "broken"
    assert told["low"] > PROMISE["epsilon"]
    assert "10 of 20" in told["sentence"]


def test_a_week_is_counted_by_route(services: Services, version: ModelVersion) -> None:
    answer(services, version, n=3)
    answer(services, version, n=2, audit="red")
    answer(services, version, n=1, route="human")
    told = cascade_audit.live(services, version)
    assert told["since"] == version.created_at
    assert {name: told[name] for name in ("answers", "fast", "accurate", "human", "audited")} == {
        "answers": 6, "fast": 5, "accurate": 0, "human": 1, "audited": 2,
    }  # fmt: skip
