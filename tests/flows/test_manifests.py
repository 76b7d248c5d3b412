"""What is said of a data set whose sides are empty, and what follows from saying otherwise."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from sightloop.core.entities import Job, Project
from sightloop.flows import importing, planning, projects
from sightloop.flows.access import OPERATOR
from sightloop.flows.services import Services

Run = Callable[[Job], Job]
HINT = "sightloop project set paint --no-group-by-site"


@pytest.fixture
def one_site(tmp_path: Path, picture: Callable[..., bytes]) -> Path:
    """A listing of pictures that are all of one patient."""
    lines = ["filepath,label,site"]
    for colour in ("red", "blue"):
        for seed in range(20):
            (tmp_path / f"{colour}{seed}.jpg").write_bytes(picture(colour, seed=seed))
            lines.append(f"{colour}{seed}.jpg,{colour},ann")
    (tmp_path / "list.csv").write_text("\n".join(lines))
    return tmp_path / "list.csv"


def warnings(services: Services) -> list[str]:
    found: list[str] = planning.pictures(services, user=OPERATOR, name="paint")["warnings"]
    return found


def test_a_side_that_few_sites_leave_empty_is_said_with_what_to_do(
    services: Services, project: Project, one_site: Path, run_job: Run
) -> None:
    run_job(importing.start(services, user=OPERATOR, name="paint", path=one_site))
    said = warnings(services)
    assert any("side is empty" in line for line in said)
    assert any(HINT in line and "1 site(s)" in line for line in said)


def test_without_grouping_by_site_no_side_stays_empty(
    services: Services, project: Project, one_site: Path, run_job: Run
) -> None:
    projects.update(services, user=OPERATOR, name="paint", settings={"group_by_site": False})
    run_job(importing.start(services, user=OPERATOR, name="paint", path=one_site))
    assert not any("empty" in line or HINT in line for line in warnings(services))


def test_sites_are_not_blamed_where_no_picture_has_one(services: Services, project: Project) -> None:
    said = warnings(services)
    assert any("side is empty" in line for line in said)
    assert not any(HINT in line for line in said)
