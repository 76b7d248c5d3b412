"""Weights: found, described, read without running code, refused where they do not fit."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from sightloop.core.errors import Rejected
from sightloop.families import backbone, weights
from sightloop.families.parameters import TransferParams

PARAMS = TransferParams(backbone="test_resnet", input_size=32)


def _saved(path: Path, metadata: dict[str, str] | None = None) -> Path:
    torch.manual_seed(7)
    state = backbone.create(PARAMS, weights.Source("none")).module.state_dict()
    save_file({name: tensor.contiguous() for name, tensor in state.items()}, str(path), metadata=metadata)
    return path


def test_auto_without_a_local_file_is_refused_and_never_silently_none(tmp_path: Path) -> None:
    with pytest.raises(Rejected, match="test_resnet") as caught:
        weights.find("auto", "test_resnet", tmp_path)
    assert "hub" in caught.value.hint
    assert "SIGHTLOOP_WEIGHTS" in caught.value.hint
    assert str(tmp_path) not in caught.value.message + caught.value.hint


def test_auto_takes_a_file_named_for_the_backbone_and_no_other(tmp_path: Path) -> None:
    _saved(tmp_path / "test_resnet_mine.safetensors")
    (tmp_path / "test_resnetx.safetensors").write_bytes(b"")
    found = weights.find("auto", "test_resnet", tmp_path)
    assert found.path == tmp_path / "test_resnet_mine.safetensors"


def test_a_file_states_its_normalisation_and_padding_in_its_metadata(tmp_path: Path) -> None:
    path = _saved(tmp_path / "a.safetensors", {"mean": "0.5", "std": "0.1,0.2,0.3", "timm": "x, pad_type=same"})
    found = weights.find(str(path), "test_resnet", tmp_path)
    assert (found.mean, found.std, found.pad_type) == ((0.5, 0.5, 0.5), (0.1, 0.2, 0.3), "same")


def test_a_side_car_overrides_the_file(tmp_path: Path) -> None:
    path = _saved(tmp_path / "a.safetensors", {"mean": "0.5"})
    (tmp_path / "a.safetensors.json").write_text(json.dumps({"mean": [0.1, 0.2, 0.3]}))
    assert weights.find(str(path), "test_resnet", tmp_path).mean == (0.1, 0.2, 0.3)


def test_a_name_that_ends_in_qat_means_googles_input(tmp_path: Path) -> None:
    path = _saved(tmp_path / "test_resnet_qat.safetensors")
    found = weights.find(str(path), "test_resnet", tmp_path)
    assert (found.mean, found.pad_type) == ((0.5, 0.5, 0.5), "same")


def test_loaded_weights_are_the_files(tmp_path: Path) -> None:
    path = _saved(tmp_path / "a.safetensors")
    loaded = backbone.create(PARAMS, weights.find(str(path), "test_resnet", tmp_path)).module.state_dict()
    assert all(torch.equal(loaded[name], tensor) for name, tensor in weights.read(path).items())


def test_keys_that_do_not_match_are_refused_and_named(tmp_path: Path) -> None:
    state = weights.read(_saved(tmp_path / "a.safetensors"))
    state["strange.weight"] = state.pop("conv1.0.weight") if "conv1.0.weight" in state else state.pop("conv1.weight")
    torch.save(state, tmp_path / "a.pth")
    with pytest.raises(Rejected, match=r"missing: conv1.*unexpected: strange\.weight"):
        backbone.create(PARAMS, weights.find(str(tmp_path / "a.pth"), "test_resnet", tmp_path))


def test_weights_of_another_backbone_are_refused(tmp_path: Path) -> None:
    path = _saved(tmp_path / "a.safetensors")
    other = TransferParams(backbone="test_efficientnet", input_size=32)
    with pytest.raises(Rejected, match="does not fit"):
        backbone.create(other, weights.find(str(path), "test_efficientnet", tmp_path))


class _Evil:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (print, ("code was run",))


def test_a_file_with_code_inside_is_refused_and_the_code_never_runs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    torch.save({"weight": _Evil()}, tmp_path / "evil.pth")
    with pytest.raises(Rejected, match=r"evil\.pth"):
        weights.read(tmp_path / "evil.pth")
    assert "code was run" not in capsys.readouterr().out


@pytest.mark.parametrize(("name", "data"), [("a.safetensors", b"short"), ("a.pth", b"no state"), ("a.txt", b"x")])
def test_a_file_that_holds_no_weights_is_refused(tmp_path: Path, name: str, data: bytes) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(Rejected):
        weights.read(weights.find(str(tmp_path / name), "test_resnet", tmp_path).path or tmp_path)


def test_an_unknown_backbone_is_refused_with_close_names() -> None:
    with pytest.raises(Rejected, match="resnet51") as caught:
        backbone.create(TransferParams(backbone="resnet51"), weights.Source("none"))
    assert "Close ones" in caught.value.hint


def test_the_real_imagenet_weights_say_how_they_want_their_pictures(shared: Path) -> None:
    params = TransferParams(backbone="mobilenetv2_100")
    body = backbone.create(params, weights.find("auto", "mobilenetv2_100", shared / "weights"))
    assert body.spec.mean == body.spec.std == (0.5, 0.5, 0.5)
    assert type(body.module.get_submodule("conv_stem")).__name__ == "Conv2dSame"
    assert (body.pretrained, body.features) == (True, 1280)
