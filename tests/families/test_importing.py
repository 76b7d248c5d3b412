"""A BioSight model file becomes a bundle that answers as the file's own network does."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from sightloop import bundles
from sightloop.bundles import format as bundle_format
from sightloop.core.errors import Rejected
from sightloop.families import backbone, importing, weights
from sightloop.families.parameters import TransferParams
from tests.families.pictures import drawn

CLASSES = ("a", "b", "c")


def _trained(prefix: str, head: nn.Module, *, stem: str = "fc.") -> tuple[nn.Module, OrderedDict[str, Tensor]]:
    torch.manual_seed(3)
    body = backbone.create(TransferParams(backbone="test_resnet", input_size=32), weights.Source("none")).module
    state = OrderedDict((prefix + name, tensor) for name, tensor in body.state_dict().items())
    state.update((prefix + stem + name, tensor) for name, tensor in head.state_dict().items())
    return nn.Sequential(body, head).eval(), state


def _imported(path: Path, state: object, tmp_path: Path, classes: tuple[str, ...] = CLASSES) -> Path:
    torch.save(state, path)
    folder = tmp_path / "bundle"
    context = {"input_size": 32, "weights_dir": str(tmp_path)}
    importing.from_state_dict(path, backbone="test_resnet", classes=classes, folder=folder, context=context)
    return folder


def _custom() -> nn.Sequential:
    return nn.Sequential(nn.Dropout(0.5), nn.Linear(96, 16), nn.ReLU(), nn.Dropout(0.5), nn.Linear(16, 3))


def test_biosights_custom_head_answers_as_before(tmp_path: Path) -> None:
    network, state = _trained("resnet.", _custom())
    predictor = bundles.load(_imported(tmp_path / "best_model_resnet.pth", {"state_dict": state}, tmp_path))
    picture = drawn("checks", seed=1)[:32, :32]
    images = torch.from_numpy((picture / 255 - 0.5) / 0.5).permute(2, 0, 1)[None].float()  # test_resnet's own input
    with torch.no_grad():
        expected = network(images).softmax(1).numpy()
    assert np.allclose(predictor.predict([np.ascontiguousarray(picture)]).probabilities, expected, atol=1e-4)


@pytest.mark.parametrize("prefix", ["", "model.", "module.", "model.resnet."])
def test_plain_heads_and_common_prefixes_are_understood(tmp_path: Path, prefix: str) -> None:
    _, state = _trained(prefix, nn.Linear(96, 3))
    torch.save(state, tmp_path / "a.pth")
    body = backbone.create(TransferParams(backbone="test_resnet", input_size=32), weights.Source("none"))
    trunk, head = importing._parted(weights.read(tmp_path / "a.pth"), body)
    assert set(head) == {"weight", "bias"}
    weights.check_keys(body.module.state_dict(), trunk, what="it")


def test_an_imported_bundle_says_where_it_comes_from(tmp_path: Path) -> None:
    _, state = _trained("", nn.Linear(96, 3))
    manifest = bundle_format.read(_imported(tmp_path / "mine.pth", state, tmp_path))
    assert manifest.weights["file"] == "mine.pth"
    assert manifest.classes == CLASSES


def test_another_number_of_classes_is_refused(tmp_path: Path) -> None:
    _, state = _trained("", nn.Linear(96, 3))
    with pytest.raises(Rejected, match="3 outputs for 2 classes"):
        _imported(tmp_path / "a.pth", state, tmp_path, classes=("a", "b"))


def test_layers_that_do_not_fit_are_refused_and_named(tmp_path: Path) -> None:
    _, state = _trained("", nn.Linear(96, 3))
    state["attention.weight"] = torch.zeros(3)
    del state["layer4.0.conv1.weight"]
    with pytest.raises(Rejected, match=r"missing: layer4\.0\.conv1\.weight.*unexpected: attention\.weight"):
        _imported(tmp_path / "a.pth", state, tmp_path)


def test_a_head_with_an_unknown_layer_is_refused(tmp_path: Path) -> None:
    _, state = _trained("", nn.Sequential(nn.Conv2d(96, 3, 1)))
    with pytest.raises(Rejected, match="unknown kind"):
        _imported(tmp_path / "a.pth", state, tmp_path)
