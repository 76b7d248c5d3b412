"""Freezing and cutting: every stage of every kind of backbone."""

from __future__ import annotations

import pytest
import torch

from sightloop.core.errors import Rejected
from sightloop.families import backbone, planning, weights
from sightloop.families.backbone import Network
from sightloop.families.parameters import STAGES, TransferParams

SIZES = {"test_resnet": 32, "test_efficientnet": 32, "test_convnext": 32, "test_vit": 160}


def _network(name: str) -> Network:
    params = TransferParams(backbone=name, input_size=SIZES[name])
    body = backbone.create(params, weights.Source("none"))
    return Network(body.module, backbone.head(body.features, 4, hidden=16, dropout=0.5))


@pytest.mark.parametrize("name", SIZES)
def test_each_stage_trains_fewer_parameters_than_the_one_before(name: str) -> None:
    counts = []
    for how in STAGES:
        network = _network(name)
        backbone.freeze(network, how)
        counts.append(planning.count(network)[0])
    assert counts == sorted(set(counts), reverse=True)


@pytest.mark.parametrize("name", SIZES)
@pytest.mark.parametrize("how", [*STAGES[1:], "last_1_blocks"])
def test_the_halves_of_a_cut_network_compute_what_the_whole_does(name: str, how: str) -> None:
    network = _network(name).eval()
    cut = backbone.split(network, backbone.freeze(network, how), size=SIZES[name])
    assert cut is not None
    images = torch.randn(2, 3, SIZES[name], SIZES[name])
    with torch.no_grad():
        assert torch.allclose(cut[1].eval()(cut[0](images))[0], network(images)[0], atol=1e-4)


def test_training_the_tail_trains_the_network_and_never_the_frozen_part() -> None:
    network = _network("test_resnet")
    cut = backbone.split(network, backbone.freeze(network, "upto_stage_2"), size=32)
    assert cut is not None
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    front, tail = cut
    tail.train()
    optimiser = torch.optim.SGD([p for p in tail.parameters() if p.requires_grad], lr=0.1)
    tail(front(torch.randn(4, 3, 32, 32)))[0].square().mean().backward()
    optimiser.step()
    changed = {
        name.split(".")[1] for name, tensor in network.state_dict().items() if not torch.equal(tensor, before[name])
    }
    assert {"layer3", "layer4"} <= changed
    assert not changed & {"conv1", "bn1", "layer1", "layer2"}


def test_frozen_statistics_stay_while_the_network_trains() -> None:
    network = _network("test_resnet")
    backbone.freeze(network, "upto_stage_2")
    before = network.body.get_buffer("bn1.running_mean").clone()
    network.train()
    network(torch.randn(4, 3, 32, 32))
    assert torch.equal(network.body.get_buffer("bn1.running_mean"), before)


def test_more_last_blocks_than_there_are_is_refused() -> None:
    with pytest.raises(Rejected, match="only 6 blocks"):
        backbone.freeze(_network("test_vit"), "last_6_blocks")
