"""Convolutions whose weight gradient is fast in bf16.

oneDNN computes the weight gradient of a 3×3 convolution on small maps in bf16 far slower than its forward pass
(measured with torch 2.13 on Zen 4: 260 CPU-ms against 15 for 512 channels at 7×7, batch 32; float32 takes 32).
Unfolded into a product of matrices, the same gradient takes 19.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn

SMALL = 150  # positions of the output, 12 × 12: above, the usual way is as fast
FEW = 4  # channels of the input, as in a stem


class _Convolved(torch.autograd.Function):
    """conv2d on bf16 with its weight gradient as a product of matrices."""

    @staticmethod
    def forward(ctx: Any, images: Tensor, weight: Tensor, stride: tuple[int, int], padding: tuple[int, int]) -> Tensor:
        ctx.save_for_backward(images, weight)
        ctx.layout = (stride, padding)
        return nn.functional.conv2d(images, weight, stride=stride, padding=padding)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, Tensor | None, None, None]:
        images, weight = ctx.saved_tensors
        stride, padding = ctx.layout
        gradient = gradients[0].contiguous(memory_format=torch.channels_last)
        quick = gradient.shape[2] * gradient.shape[3] <= SMALL or weight.shape[1] <= FEW
        wanted = (ctx.needs_input_grad[0], not quick, False)
        back, slow, _ = torch.ops.aten.convolution_backward(
            gradient, images, weight, None, stride, padding, (1, 1), False, (0, 0), 1, wanted
        )
        found = weight_gradient(images, gradient, weight, stride=stride, padding=padding) if quick else slow
        return back, found, None, None


def weight_gradient(
    images: Tensor, gradient: Tensor, weight: Tensor, *, stride: tuple[int, int], padding: tuple[int, int]
) -> Tensor:
    """The gradient of a convolution's weight (out, in, kh, kw).

    Args:
        images: its input (n, in, h, w).
        gradient: that of its output (n, out, oh, ow), channels innermost in memory.
    """
    out, channels, tall, wide = weight.shape
    rows, columns = gradient.shape[2:]
    padded = (
        nn.functional.pad(images, (padding[1], padding[1], padding[0], padding[0])).permute(0, 2, 3, 1).contiguous()
    )
    n, down, across, _ = padded.stride()
    windows = padded.as_strided(
        (len(images), rows, columns, tall, wide, channels),
        (n, down * stride[0], across * stride[1], down, across, 1),
    )
    flat = gradient.permute(0, 2, 3, 1).reshape(-1, out)  # (n * oh * ow, out)
    product = flat.t() @ windows.reshape(len(flat), -1)  # (out, kh * kw * in)
    return product.view(out, tall, wide, channels).permute(0, 3, 1, 2)


class QuickConv2d(nn.Conv2d):
    """A Conv2d that goes the fast way where it trains in bf16, and the usual way everywhere else."""

    def _conv_forward(self, input: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:  # noqa: A002
        if not (torch.is_autocast_enabled("cpu") and torch.is_grad_enabled() and weight.requires_grad):
            usual: Tensor = super()._conv_forward(input, weight, bias)
            return usual
        layout = (self.stride, self.padding)
        found: Tensor = _Convolved.apply(input.bfloat16(), weight.bfloat16(), *layout)  # type: ignore[no-untyped-call]
        return found if bias is None else found + bias.bfloat16().view(1, -1, 1, 1)


@contextlib.contextmanager
def quick_gradients(network: nn.Module) -> Iterator[None]:
    """For a while, turn the convolutions that gain from it into `QuickConv2d`; parameters stay the same objects."""
    turned = [module for module in network.modules() if type(module) is nn.Conv2d and _gains(module)]
    for module in turned:
        module.__class__ = QuickConv2d
    try:
        yield
    finally:
        for module in turned:
            module.__class__ = nn.Conv2d


def _gains(module: nn.Conv2d) -> bool:
    plain = module.groups == 1 and module.dilation == (1, 1) and module.padding_mode == "zeros"
    return plain and not isinstance(module.padding, str) and module.kernel_size != (1, 1)
