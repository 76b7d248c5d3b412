"""The deployment log in words."""

from __future__ import annotations

from collections.abc import Callable

from sightloop.core.entities import Project
from sightloop.flows import accounts, models, promotions
from sightloop.flows.access import OPERATOR
from sightloop.flows.services import Services


def test_every_step_names_versions_by_number_and_people_by_name(
    services: Services, project: Project, model: Callable[..., int]
) -> None:
    model(project)
    model(project, live=False, sharpness=1.0)
    ada = accounts.add_user(services, email="a@example.org", name="Ada", password="correct horse battery", role="admin")
    models.promote(services, user=ada, name="paint", ref="2", reason="new", force=True)
    models.rollback(services, user=OPERATOR, name="paint")
    rows = promotions.named(services, found=models.log(services, user=OPERATOR, name="paint"))
    told = [(row["action"], row["version"], row["replaced"], row["by_name"]) for row in rows]
    assert told == [("rollback", 1, 2, None), ("force", 2, 1, "Ada"), ("promote", 1, None, None)]
