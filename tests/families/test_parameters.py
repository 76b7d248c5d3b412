"""Parameters from JSON: defaults, types, ranges, names."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from sightloop import families
from sightloop.core.errors import Missing, Rejected


def test_transfer_has_the_defaults_of_the_seed() -> None:
    params = families.params("transfer", {})
    said = (params.backbone, params.epochs, params.batch, params.lr, params.freeze, params.dropout)
    assert said == ("resnet50", 10, 32, 1e-3, "upto_stage_3", 0.5)


@pytest.mark.parametrize("name", sorted({*families.NAMES} - {"cascade"}))
def test_parameters_survive_json_and_come_back_equal(name: str) -> None:
    params = families.params(name, {"mean": 0.5, "std": [0.5, 0.5, 0.5]})
    assert families.params(name, dataclasses.asdict(params)) == params


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"epoch": 3}, "'epoch'"),
        ({"epochs": 0}, "epochs=0"),
        ({"epochs": 2.5}, "whole number"),
        ({"epochs": "3"}, "epochs='3'"),
        ({"epochs": True}, "epochs=True"),
        ({"lr": -1}, "lr=-1"),
        ({"lr": float("nan")}, "lr=nan"),
        ({"freeze": "upto_stage_9"}, "upto_stage_9"),
        ({"freeze": "last_0_blocks"}, "last_0_blocks"),
        ({"augment": 1}, "augment=1"),
        ({"mean": [0.5, 0.5]}, "mean"),
        ({"std": 0}, "std"),
    ],
)
def test_a_parameter_that_does_not_fit_is_refused_by_name(values: dict[str, Any], said: str) -> None:
    with pytest.raises(Rejected, match=said):
        families.params("transfer", values)


def test_last_n_blocks_is_a_freeze_name() -> None:
    assert families.params("transfer", {"freeze": "last_2_blocks"}).freeze == "last_2_blocks"


def test_an_unknown_family_is_missing_and_the_known_ones_are_named() -> None:
    with pytest.raises(Missing) as caught:
        families.params("magic", {})
    assert "transfer" in caught.value.hint


@pytest.mark.parametrize("name", families.NAMES)
def test_every_family_has_its_names_and_every_parameter_its_help(name: str) -> None:
    family = families.get(name)
    assert families.task(name) == family.TASK
    assert dataclasses.asdict(families.params(name, {})) == family.DEFAULTS
    assert all(field.metadata["help"] for field in dataclasses.fields(family.Params))


def test_a_form_made_of_the_described_parameters_sends_what_the_family_takes(tmp_path: Path) -> None:
    for family in families.offered(tmp_path):
        given = {row["name"]: row["default"] for row in family["params"]}
        assert families.params(family["name"], given) == families.params(family["name"], {})
        assert {row["takes"] for row in family["params"]} <= {"int", "float", "bool", "text", "choice", "channels"}
        assert family["missing_weights"] or family["name"] == "cascade"


def test_nothing_is_said_to_be_missing_where_the_weights_are(tmp_path: Path) -> None:
    (tmp_path / "mobilenetv2_100.safetensors").write_bytes((2).to_bytes(8, "little") + b"{}")
    found = {family["name"]: family["missing_weights"] for family in families.offered(tmp_path)}
    assert found["linear"] is None
    assert "resnet50" in found["transfer"]
