"""Which of a bundle's graphs answers."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from sightloop.bundles import graphs
from sightloop.core.errors import BadBundle


def _chosen(folder: Path, precision: str = "auto") -> str:
    return graphs.chosen(folder, size=16, precision=precision)[1]


def test_without_a_copy_the_one_graph_answers_whatever_is_asked_for(bundle: Path) -> None:
    assert [_chosen(bundle, name) for name in ("auto", "fp32", "int8")] == ["fp32"] * 3


def test_of_two_graphs_the_one_that_is_asked_for_answers(bundle: Path) -> None:
    shutil.copyfile(bundle / "model.onnx", bundle / "model.int8.onnx")
    assert [_chosen(bundle, name) for name in ("fp32", "int8")] == ["fp32", "int8"]
    assert _chosen(bundle) in ("fp32", "int8")


def test_a_copy_that_stands_alone_answers(bundle: Path) -> None:
    (bundle / "model.onnx").rename(bundle / "model.int8.onnx")
    assert _chosen(bundle) == "int8"


def test_a_damaged_copy_is_refused(bundle: Path) -> None:
    (bundle / "model.int8.onnx").write_bytes(b"no model")
    with pytest.raises(BadBundle, match=r"model\.int8\.onnx"):
        _chosen(bundle)


def test_a_graph_without_the_wanted_output_is_refused_by_its_name(bundle: Path) -> None:
    with pytest.raises(BadBundle, match="'masks'"):
        graphs.open_session(bundle / "model.onnx", outputs=["logits", "masks"])
