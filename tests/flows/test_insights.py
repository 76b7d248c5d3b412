"""The summary of a project's pictures counts what is shown and what was said, each by side."""

from __future__ import annotations

from sightloop.core.entities import Project
from sightloop.flows import insights
from sightloop.flows.access import OPERATOR
from sightloop.flows.services import Services
from tests.flows import labelled


def test_classes_are_named_and_what_is_shown_is_counted_by_side_and_source(
    services: Services, project: Project
) -> None:
    for number in range(3):
        labelled.add(services, project, number, label="red", side="train")
    labelled.add(services, project, 9, label="blue", side="test", source="import")
    found = insights.insights(services, user=OPERATOR, project="paint")
    assert found["classes"] == list(project.classes)
    assert sorted((row["class"], row["side"], row["n"]) for row in found["shown"]) == [
        ("blue", "test", 1),
        ("red", "train", 3),
    ]
    assert {row["source"] for row in found["shown"] if row["class"] == "blue"} == {"import"}
