"""What a search tries: the usual space, what people put in its place, and what is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sightloop import families
from sightloop.core.errors import Missing, Rejected
from sightloop.families import spaces


def test_a_search_of_transfer_tries_the_usual_four_parameters() -> None:
    rows = {row["name"]: row for row in families.space("transfer", {}, {})}
    assert set(rows) == {"dropout", "freeze", "lr", "epochs"}
    assert rows["dropout"]["choices"] == [0.3, 0.5]
    assert (rows["lr"]["low"], rows["lr"]["high"], rows["lr"]["log"]) == (1e-5, 1e-3, True)
    assert (rows["epochs"]["kind"], rows["epochs"]["low"], rows["epochs"]["high"]) == ("int", 2, 10)


def test_what_is_fixed_is_not_searched() -> None:
    rows = families.space("transfer", {"epochs": 5}, {})
    assert "epochs" not in [row["name"] for row in rows]


def test_what_is_wanted_takes_the_place_of_the_usual() -> None:
    wanted = {"epochs": {"low": 1, "high": 3}, "batch": [8, 16]}
    rows = {row["name"]: row for row in families.space("transfer", {}, wanted)}
    assert (rows["epochs"]["kind"], rows["epochs"]["high"]) == ("int", 3)
    assert rows["batch"]["choices"] == [8, 16]
    assert "lr" in rows


@pytest.mark.parametrize("family", spaces.SPACES)
def test_rows_of_every_family_survive_json(family: str) -> None:
    rows = families.space(family, {}, {})
    assert spaces.axes_of(json.loads(json.dumps(rows))) == spaces.SPACES[family]


@pytest.mark.parametrize(
    ("fixed", "wanted", "said"),
    [
        ({"lr": 0.1}, {"lr": [0.1, 0.2]}, "both"),
        ({}, {"epoch": [1, 2]}, "epoch"),
        ({}, {"lr": {"low": 1, "high": 0.1}}, "range"),
        ({}, {"lr": {"low": 0, "high": 0.1, "log": True}}, "logarithm"),
        ({}, {"lr": {"low": 0.1, "high": 5.0}}, "5"),
        ({}, {"freeze": {"low": 0, "high": 1}}, "range"),
        ({}, {"freeze": ["none", "all"]}, "all"),
        ({}, {"lr": 0.1}, "not clear"),
        ({}, {"lr": []}, "not clear"),
        ({"dropout": 0.3, "freeze": "none", "lr": 0.1, "epochs": 2}, {}, "nothing to search"),
    ],
)
def test_a_space_that_does_not_fit_is_refused_by_name(fixed: Any, wanted: Any, said: str) -> None:
    with pytest.raises(Rejected, match=said):
        families.space("transfer", fixed, wanted)


def test_families_that_cannot_be_searched_say_which_can() -> None:
    with pytest.raises(Rejected) as caught:
        families.space("cascade", {}, {})
    assert "transfer" in caught.value.hint
    with pytest.raises(Missing):
        families.space("forest", {}, {})
