"""Every step that a job may name can be carried out."""

from __future__ import annotations

import inspect

import pytest

from sightloop.core.errors import Missing
from sightloop.flows import backup, checking, demo, evaluating, export_job, importing, steps, training


@pytest.mark.parametrize("name", steps.STEPS)
def test_a_step_is_a_flow_that_takes_services_a_job_and_a_report(name: str) -> None:
    assert list(inspect.signature(steps.step(name)).parameters) == ["services", "job", "report"]


@pytest.mark.parametrize("verb", [backup, checking, demo, evaluating, export_job, importing, training])
def test_a_job_is_made_of_known_steps_only(verb: object) -> None:
    assert set(getattr(verb, "STEPS", ["none"])) <= set(steps.STEPS)


def test_a_step_of_another_version_is_missing() -> None:
    with pytest.raises(Missing, match="'dance'"):
        steps.step("dance")
