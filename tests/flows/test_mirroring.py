"""The mirror when there is no server: nothing to send to, or one that is away; nothing waits for it."""

from __future__ import annotations

import dataclasses
import socket

import pytest

from sightloop.core.entities import Project
from sightloop.core.errors import Rejected, Unavailable
from sightloop.flows import mirror_words, mirroring, status
from sightloop.flows.services import Services
from sightloop.store import mirror, runs
from sightloop.tracking.mlflow import MLflow


@pytest.fixture
def away(services: Services, project: Project) -> Services:
    """An installation with one run, whose server is away."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{probe.getsockname()[1]}"
    with services.db.begin() as db:
        runs.finish(db, runs.start(db, project.id, family="linear", params={}))
    return dataclasses.replace(services, tracker=MLflow(address))


def test_without_a_server_there_is_nothing_to_send_to(services: Services, project: Project) -> None:
    with pytest.raises(Rejected, match="no MLflow"):
        mirroring.send(services)
    mirroring.send_due(services)
    assert status.look(services)["mirror"] == {
        "configured": False, "address": None, "waiting": None, "sent": None, "refused": None, "last_error": None,
        "last_sent_at": None,
    }  # fmt: skip


def test_a_server_that_is_away_is_named_and_everything_waits(away: Services) -> None:
    with pytest.raises(Unavailable, match="does not answer"):
        mirroring.send(away)
    found = status.look(away)["mirror"]
    assert (found["configured"], found["waiting"], found["sent"], found["last_sent_at"]) == (True, 1, 0, None)
    assert "does not answer" in found["last_error"]


def test_the_clock_tries_a_server_that_is_away_ever_less_often(away: Services) -> None:
    waits = []
    for _ in range(3):
        mirroring.send_due(away)
        mirroring.send_due(away)  # too early: no attempt
        with away.db.begin() as db:
            known = mirror.ledger(db)
            waits.append(round((known["retry_at"] - away.db.now(db)) / mirroring.BACKOFF))
            mirror._write(db, known | {"retry_at": 0.0})
    assert (known["failures"], waits) == (3, [1, 2, 4])


def test_a_server_that_accepts_and_never_answers_is_given_up_after_seconds(
    services: Services, project: Project
) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        tracker = MLflow(f"http://127.0.0.1:{silent.getsockname()[1]}")
        with pytest.raises(Unavailable, match="timed out"):
            tracker.reach()


def test_figures_become_flat_names_and_what_is_no_number_is_left_out() -> None:
    figures = {
        "accuracy": {"value": 0.9, "low": 0.8, "high": None}, "n": 10, "confusion": [[1, 2], [3, 4]], "sound": True,
        "per_class": [{"class": "red", "f1": 0.5, "intervals": {"f1": {"low": 0.4}}}],
    }  # fmt: skip
    assert dict(mirror_words.flat(figures, "test/")) == {
        "test/accuracy": 0.9, "test/accuracy/low": 0.8, "test/n": 10.0, "test/per_class/red/f1": 0.5,
        "test/per_class/red/intervals/f1/low": 0.4,
    }  # fmt: skip
