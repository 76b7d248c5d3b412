"""A report of everything that a project's masks measure."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from sightloop.core.entities import Image, Json
from sightloop.core.errors import Rejected
from sightloop.flows import correct, filtering, projects, reporting, scaling, trash
from sightloop.flows.access import OPERATOR
from sightloop.flows.services import Services
from tests import tiny_masks


@pytest.fixture
def pictures(services: Services, tmp_path: Path) -> list[Image]:
    """Two pictures with a red rectangle and one without, answered."""
    tiny_masks.project(services)
    tiny_masks.adopt(services, tmp_path)
    return [tiny_masks.upload(services, seed, empty=seed == 3) for seed in (1, 2, 3)]


def ask(services: Services, **filters: object) -> reporting.Survey:
    return reporting.survey(services, user=OPERATOR, project="cracks", filters=filtering.filters(filters))


def whole(services: Services, **filters: object) -> Json:
    found: Json = json.loads("".join(ask(services, **filters).json()))
    return found


def test_there_is_a_row_for_each_picture_and_the_totals_are_their_sums(
    services: Services, pictures: list[Image]
) -> None:
    found = whole(services)
    areas = [row["area_px"] for row in found["items"]]
    assert areas == [int(tiny_masks.draw(1)[1].sum()), int(tiny_masks.draw(2)[1].sum()), 0]
    totals = found["totals"]
    assert (totals["pictures"], totals["model"], totals["human"], totals["marked"]) == (3, 3, 0, 2)
    assert totals["length_px"] == pytest.approx(sum(row["length_px"] for row in found["items"]))
    assert totals["length_mm"] is None


def test_the_histograms_hold_every_picture_and_all_the_length(services: Services, pictures: list[Image]) -> None:
    found = whole(services)
    assert sum(bar["amount"] for bar in found["lengths"]["bars"]) == 2
    assert sum(bar["amount"] for bar in found["widths"]["bars"]) == pytest.approx(
        found["totals"]["length_px"], rel=0.02
    )
    assert found["widths"]["unit"] == "px"


def test_millimetres_are_summed_where_the_scale_is_known(services: Services, pictures: list[Image]) -> None:
    scaling.rescale(services, user=OPERATOR, image_id=pictures[0].id, px_per_mm=2)
    found = whole(services)
    assert (found["totals"]["scaled"], found["lengths"]["unit"]) == (1, "px")
    assert found["totals"]["length_mm"] == pytest.approx(found["items"][0]["length_px"] / 2, abs=1e-3)
    projects.update(services, user=OPERATOR, name="cracks", settings={"px_per_mm": 10})
    found = whole(services)
    assert (found["totals"]["scaled"], found["lengths"]["unit"], found["widths"]["unit"]) == (2, "mm", "mm")


def test_the_table_says_the_same_as_the_json(services: Services, pictures: list[Image]) -> None:
    rows = list(csv.DictReader(io.StringIO("".join(ask(services).csv()))))
    assert tuple(rows[0]) == reporting.COLUMNS
    items = whole(services)["items"]
    assert [row["id"] for row in rows] == [row["id"] for row in items]
    assert [float(row["length_px"]) for row in rows] == [row["length_px"] for row in items]


def test_the_humans_mask_is_reported_and_filters_choose(services: Services, pictures: list[Image]) -> None:
    correct.redraw(services, user=OPERATOR, image_id=pictures[0].id, mask=tiny_masks.draw(9)[1])
    [row] = whole(services, verified=True)["items"]
    assert (row["source"], row["area_px"], row["verified"]) == ("human", int(tiny_masks.draw(9)[1].sum()), True)
    trash.discard(services, user=OPERATOR, image_id=pictures[1].id)
    assert ask(services).count == 2
    assert [row["class"] for row in whole(services)["items"]] == ["crack", "nothing"]


def test_a_picture_that_nobody_answered_is_a_row_without_figures(services: Services) -> None:
    tiny_masks.project(services)
    tiny_masks.upload(services)
    found = whole(services)
    assert [(row["source"], row["length_px"]) for row in found["items"]] == [(None, None)]
    assert (found["totals"]["measured"], found["lengths"]["bars"]) == (0, [])


def test_a_lost_mask_is_said_and_fails_no_other_row(services: Services, pictures: list[Image]) -> None:
    after = correct.redraw(services, user=OPERATOR, image_id=pictures[0].id, mask=tiny_masks.draw(9)[1])
    assert after.mask is not None
    services.blobs.delete(after.mask)
    first, second, _ = whole(services)["items"]
    assert (first["source"], first["area_px"], second["source"]) == (None, None, "model")
    assert after.mask in first["note"]


def test_a_project_of_classes_has_no_such_report(services: Services) -> None:
    projects.create(services, user=OPERATOR, name="cracks", classes=("red", "blue"))
    with pytest.raises(Rejected, match="no masks"):
        ask(services)


def test_a_files_name_is_never_a_formula() -> None:
    assert reporting._harmless("=HYPERLINK(1).jpg") == "'=HYPERLINK(1).jpg"
    assert reporting._harmless(-1.5) == -1.5
