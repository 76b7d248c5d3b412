"""The quick weight gradient is the gradient."""

from __future__ import annotations

from typing import cast

import pytest
import torch
from torch import Tensor, nn

from sightloop.families.convolution import QuickConv2d, quick_gradients, weight_gradient


@pytest.mark.parametrize(("kernel", "stride", "padding"), [(3, 1, 1), (3, 2, 1), (7, 2, 3), (3, 1, 0), (5, 3, 1)])
def test_the_product_of_matrices_equals_autograds_gradient(kernel: int, stride: int, padding: int) -> None:
    torch.manual_seed(0)
    convolution = nn.Conv2d(3, 4, kernel, stride=stride, padding=padding, bias=False)
    images = torch.randn(2, 3, 13, 11)
    found = convolution(images)
    gradient = torch.randn_like(found)
    found.backward(gradient)
    expected = convolution.weight.grad
    layout = {"stride": (stride, stride), "padding": (padding, padding)}
    assert expected is not None
    assert torch.allclose(weight_gradient(images, gradient, convolution.weight, **layout), expected, atol=1e-4)


def test_training_in_bf16_gets_the_usual_gradients_within_rounding() -> None:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 4, 3, stride=2))
    images = torch.randn(4, 3, 10, 10)

    def gradients() -> list[Tensor]:
        network.zero_grad(set_to_none=True)
        with torch.autocast("cpu", torch.bfloat16):
            network(images).float().square().sum().backward()
        return [cast(Tensor, parameter.grad) for parameter in network.parameters()]

    usual = gradients()
    with quick_gradients(network):
        quick = gradients()
    for found, expected in zip(quick, usual, strict=True):
        assert (found - expected).abs().max() < 0.01 * expected.abs().max()


def test_the_network_is_itself_again_afterwards() -> None:
    network = nn.Sequential(nn.Conv2d(3, 8, 3), nn.Conv2d(8, 8, 3, groups=8), nn.Conv2d(8, 4, 1))
    with quick_gradients(network):
        assert [type(module) for module in network] == [QuickConv2d, nn.Conv2d, nn.Conv2d]
    assert {type(module) for module in network} == {nn.Conv2d}
