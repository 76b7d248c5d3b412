"""The sample projects of the demo: each is made once, drawn, and readable by its own import."""

from __future__ import annotations

from pathlib import Path

import pytest

from sightloop import families
from sightloop.core.entities import Progress
from sightloop.flows import demo, import_plan, jobs
from sightloop.flows.access import OPERATOR, project_for
from sightloop.flows.services import Services
from sightloop.store import jobs as rows

NAMES = [sample.name for sample in demo.SAMPLES]


def silent(progress: Progress) -> None:
    """Report to nobody."""


def test_the_demo_fills_every_sample_project_once(services: Services) -> None:
    first, again = demo.prepare(services, scale=0.02), demo.prepare(services, scale=0.02)
    assert first["admin"]["email"] == demo.ADMIN
    assert again == {"admin": None, "jobs": first["jobs"]}
    assert len(first["jobs"]) == len(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_what_the_demo_draws_is_what_its_project_imports(services: Services, name: str) -> None:
    job = jobs.show(services, user=OPERATOR, job_id=demo.prepare(services, scale=0.02)["jobs"][NAMES.index(name)])
    drawn = demo.draw(services, job, silent)["drawn"]
    project = project_for(services, user=OPERATOR, name=name, action="view")
    found = import_plan.plan(project, Path(job.params["path"]))
    assert (found["layout"], found["pictures"], found["new_classes"]) == ("table", drawn, [])
    assert 0 < found["masks" if name == "cracks" else "labelled"] < drawn


@pytest.mark.parametrize("sample", demo.SAMPLES, ids=NAMES)
def test_a_samples_parameters_are_ones_of_its_family(services: Services, sample: demo.Sample) -> None:
    job_id = demo.prepare(services, scale=0.02)["jobs"][demo.SAMPLES.index(sample)]
    params = jobs.show(services, user=OPERATOR, job_id=job_id).params
    assert families.params(params["family"], params["params"]).weights == "none"


def test_another_job_of_a_sample_project_is_none_of_the_demos(services: Services) -> None:
    first = demo.prepare(services, scale=0.02)["jobs"]
    with services.db.begin() as db:
        rows.enqueue(db, kind="score", steps=("score",), project_id=project_id(services, "cracks"))
    assert demo.prepare(services, scale=0.02)["jobs"] == first


def project_id(services: Services, name: str) -> str:
    return project_for(services, user=OPERATOR, name=name, action="view").id
