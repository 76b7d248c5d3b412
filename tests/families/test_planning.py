"""The plan before a training: parameters, seconds, bytes."""

from __future__ import annotations

from pathlib import Path

from sightloop import families
from sightloop.core.entities import Json

SMALL = {"backbone": "test_resnet", "input_size": 32, "batch": 8}


def test_freezing_more_trains_less_and_the_total_stays(tmp_path: Path) -> None:
    plan = families.plan(
        "transfer", {"train": 100, "calibration": 20}, families.params("transfer", SMALL), weights=tmp_path
    )
    rows = list(plan["parameters"].values())
    assert [row["trainable"] for row in rows] == sorted({row["trainable"] for row in rows}, reverse=True)
    assert len({row["total"] for row in rows}) == 1
    assert plan["seconds"]["total"] > 0


def test_twice_the_pictures_take_twice_the_disk_and_a_larger_batch_more_memory(tmp_path: Path) -> None:
    def plan(count: int) -> Json:
        params = families.params("transfer", SMALL | {"batch": count})
        return families.plan("transfer", {"train": count, "calibration": 0}, params, weights=tmp_path)

    small, large = plan(100), plan(200)
    assert large["disk_bytes"] == 2 * small["disk_bytes"]
    assert large["memory_bytes"] > small["memory_bytes"]


def test_a_linear_head_trains_only_its_head(tmp_path: Path) -> None:
    plan = families.plan("linear", {"train": 100}, families.params("linear", SMALL), weights=tmp_path)
    assert plan["parameters"]["head_only"]["trainable"] == 10 * (96 + 1)
