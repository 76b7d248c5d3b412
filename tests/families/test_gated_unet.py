"""The Attention U-Net's shapes, gates and losses."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from sightloop.core.errors import Rejected
from sightloop.families.backbone import create
from sightloop.families.gated_unet import AttentionUnet, EvenSame, Gate, Plain, Pretrained, decoder_of
from sightloop.families.mask_learner import count, dice_loss, loss_of, pooled_dice
from sightloop.families.parameters import UnetParams
from sightloop.families.weights import Source


def _body(name: str, *, pad_type: str = "") -> nn.Module:
    return create(UnetParams(backbone=name, input_size=160, pad_type=pad_type), Source("none")).module


def _built(name: str) -> AttentionUnet:
    encoder: Plain | Pretrained = Plain(4)
    if name != "plain":
        encoder = Pretrained(_body(name), name)
    return AttentionUnet(encoder, 2, decoder=decoder_of(encoder, 4))


@pytest.mark.parametrize(("name", "multiple"), [("plain", 16), ("mobilenetv3_small_050", 32), ("test_convnext", 32)])
def test_every_pixel_gets_a_logit_per_class_whatever_the_encoder(name: str, multiple: int) -> None:
    network = _built(name).eval()
    logits, embeddings = network(torch.rand(2, 3, 2 * multiple, 3 * multiple))
    assert isinstance(logits, torch.Tensor)
    assert (network.multiple, tuple(logits.shape)) == (multiple, (2, 2, 2 * multiple, 3 * multiple))
    assert torch.allclose(embeddings.norm(dim=1), torch.ones(2), atol=1e-5)


def test_the_plain_encoder_of_the_paper_goes_from_64_to_1024_channels() -> None:
    encoder = Plain(64)
    assert encoder.channels == (64, 128, 256, 512, 1024)
    assert decoder_of(encoder, 16) == (512, 256, 128, 64)


def test_only_while_training_three_levels_are_taught() -> None:
    network = _built("plain").train()
    levels, _ = network(torch.rand(2, 3, 32, 32))
    assert [tuple(level.shape[2:]) for level in levels] == [(8, 8), (16, 16), (32, 32)]


def test_a_closed_gate_lets_nothing_of_the_skip_pass_and_an_open_one_all() -> None:
    gate: nn.Module = Gate(4, 6)
    skip = torch.rand(1, 6, 8, 8)
    score = gate.get_submodule("score")
    nn.init.zeros_(score.get_parameter("weight"))
    nn.init.constant_(score.get_parameter("bias"), -100)
    assert gate(torch.rand(1, 4, 4, 4), skip).abs().max() < 1e-6
    nn.init.constant_(score.get_parameter("bias"), 100)
    assert torch.allclose(gate(torch.rand(1, 4, 4, 4), skip), skip)


def test_padding_that_knows_sizes_are_even_pads_as_timm_does() -> None:
    theirs = _body("mobilenetv2_050", pad_type="same").eval()
    images = torch.rand(1, 3, 64, 96)
    expected = theirs(images)
    for module in theirs.modules():
        if type(module).__name__ == "Conv2dSame":
            module.__class__ = EvenSame
    assert torch.allclose(theirs(images), expected, atol=1e-5)


def test_a_backbone_that_lacks_strides_is_refused() -> None:
    with pytest.raises(Rejected, match="strides"):
        Pretrained(_body("test_vit"), "test_vit")


def test_a_perfect_answer_loses_nearly_nothing_and_its_opposite_much() -> None:
    targets = (torch.arange(64).reshape(1, 1, 8, 8) % 3 == 0).float()
    logits = 40 * (targets - 0.5)
    assert float(loss_of([logits], targets, deep=0)) < 1e-4
    assert float(loss_of([-logits], targets, deep=0)) > 10
    assert float(dice_loss(torch.full((1, 1, 8, 8), -40.0), torch.zeros(1, 1, 8, 8))) < 1e-4


def test_coarser_levels_count_only_where_they_are_asked_for() -> None:
    targets, fine, coarse = torch.ones(1, 1, 8, 8), torch.full((1, 1, 8, 8), 9.0), torch.full((1, 1, 4, 4), -9.0)
    assert float(loss_of([coarse, fine], targets, deep=0)) == pytest.approx(float(loss_of([fine], targets, deep=0)))
    assert float(loss_of([coarse, fine], targets, deep=0.5)) > 4


def test_pixels_are_counted_by_what_they_are_and_what_is_said_of_them() -> None:
    mask = torch.tensor([[0, 1], [2, 1]], dtype=torch.uint8)
    found = count(torch.tensor([[[-99.0, 99], [0, 99]], [[-99.0, -99], [99, -99]]]), mask)
    assert found.shape == (2, 2, 256)
    assert (found[1, 0, 255], found[0, 0, 0], found[0, 0, 128]) == (2, 1, 1)
    assert pooled_dice(found) == 1.0
    assert pooled_dice(np.zeros((2, 1, 256), np.int64)) == 0.0
