"""The Attention U-Net: an encoder, gates on all its skips, a decoder, and heads on the decoder's last levels.

Oktay et al., "Attention U-Net: Learning Where to Look for the Pancreas", MIDL 2018; Ronneberger et al., "U-Net", MICCAI
2015. The encoder is the plain one of the latter, or any timm backbone whose features lie at strides up to 16 or 32.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from sightloop.core.errors import Rejected
from sightloop.families import backbone  # noqa: F401 — declares what timm's import needs

DEEP = 3  # levels of the decoder that are taught, the finest last
LIGHT = (8, 4, 3, 2, 1)  # channels of the decoder from coarse to fine, in those of its finest level
STEM = 16  # channels of the full-resolution skip that a timm backbone lacks
LEVELS = 5  # of the plain encoder


class ConvNormAct(nn.Sequential):
    """A 3×3 convolution, batch normalisation, ReLU."""

    def __init__(self, channels: int, out: int, *, stride: int = 1) -> None:
        super().__init__(
            nn.Conv2d(channels, out, 3, stride=stride, padding=1, bias=False),
            nn.BatchNorm2d(out),
            nn.ReLU(inplace=True),
        )


class Gate(nn.Module):
    """Additive attention: how much of each place of a skip passes, decided on the coarser grid of the level below.

    The skip (n, c, 2h, 2w) and the gating signal (n, g, h, w) meet at (h, w); the coefficients are resampled to the
    skip's grid, as in the paper.
    """

    def __init__(self, gating: int, skip: int) -> None:
        super().__init__()
        inner = max(8, skip // 2)
        self.of_gating = nn.Conv2d(gating, inner, 1)
        self.of_skip = nn.Conv2d(skip, inner, 2, stride=2, bias=False)
        self.score = nn.Conv2d(inner, 1, 1)

    def forward(self, gating: Tensor, skip: Tensor) -> Tensor:
        met = functional.relu(self.of_gating(gating) + self.of_skip(skip))
        return skip * _doubled(torch.sigmoid(self.score(met)))


class Plain(nn.Module):
    """Five levels of two convolutions each, `width` channels doubling: features at strides 1, 2, 4, 8, 16."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.channels = tuple(width * 2**level for level in range(LEVELS))
        before = (3, *self.channels[:-1])
        self.levels = nn.ModuleList(
            nn.Sequential(ConvNormAct(first, out), ConvNormAct(out, out))
            for first, out in zip(before, self.channels, strict=True)
        )

    def forward(self, images: Tensor) -> list[Tensor]:
        found = [self.levels[0](images)]
        for level in self.levels[1:]:
            found.append(level(functional.max_pool2d(found[-1], 2)))
        return found


class Pretrained(nn.Module):
    """A timm backbone's features, one per stride, with the finer levels that it lacks made by convolutions of our own.

    Strides are 1, 2, 4, … up to the backbone's last.
    """

    def __init__(self, body: nn.Module, name: str) -> None:
        super().__init__()
        last = {int(row["reduction"]): index for index, row in enumerate(cast(Any, body).feature_info)}
        if sorted(last) not in ([2, 4, 8, 16, 32], [4, 8, 16, 32], [2, 4, 8, 16]) or not hasattr(
            body, "forward_intermediates"
        ):
            said = ", ".join(map(str, sorted(last)))
            raise Rejected(
                f"backbone {name!r} gives features at strides {said}, not at each of 4, 8, 16 and 32.",
                hint="Use a convolutional backbone such as mobilenetv2_100 or resnet50, or plain.",
            )
        self.indices = [last[stride] for stride in sorted(last)]
        cast(Any, body).prune_intermediate_layers(self.indices, prune_norm=True, prune_head=True)
        self.body = _sized(body)
        missing = 2 if min(last) == 4 else 1
        widths = [3, STEM, 2 * STEM][: missing + 1]
        self.stem = nn.ModuleList(
            ConvNormAct(first, out, stride=1 + (number > 0)) for number, (first, out) in enumerate(pairwise(widths))
        )
        own = [int(cast(Any, body).feature_info[index]["num_chs"]) for index in self.indices]
        self.channels = (*widths[1:], *own)

    def forward(self, images: Tensor) -> list[Tensor]:
        fine: list[Tensor] = []
        for layer in self.stem:
            fine.append(layer(fine[-1] if fine else images))
        found = cast(Any, self.body).forward_intermediates(images, indices=self.indices, intermediates_only=True)
        return [*fine, *found]


class AttentionUnet(nn.Module):
    """Images (n, 3, h, w), sides multiples of `multiple` → logits (n, classes, h, w) and embeddings (n, d).

    Embeddings are the L2-normalised means of the encoder's coarsest features. While training, the logits are a list of
    the taught levels, coarse to fine.
    """

    def __init__(self, encoder: Plain | Pretrained, classes: int, *, decoder: Sequence[int]) -> None:
        super().__init__()
        *skips, bottom = encoder.channels
        if len(skips) != len(decoder):
            raise ValueError(f"{len(decoder)} levels of decoder for {len(skips)} skips")
        self.encoder = encoder
        self.classes = classes
        self.multiple = 2 ** len(skips)
        below = (bottom, *decoder[:-1])
        paired = list(zip(below, skips[::-1], decoder, strict=True))
        self.gates = nn.ModuleList(Gate(channels, skip) for channels, skip, _ in paired)
        self.blocks = nn.ModuleList(
            nn.Sequential(ConvNormAct(channels + skip, out), ConvNormAct(out, out)) for channels, skip, out in paired
        )
        self.heads = nn.ModuleList(nn.Conv2d(channels, classes, 1) for channels in decoder[-DEEP:])

    def forward(self, images: Tensor) -> tuple[Tensor | list[Tensor], Tensor]:
        *skips, found = self.encoder(images)
        embedding = functional.normalize(found.float().mean((2, 3)), dim=1)
        levels: list[Tensor] = []
        for gate, block, skip in zip(self.gates, self.blocks, skips[::-1], strict=True):
            found = block(torch.cat([_doubled(found), gate(found, skip)], 1))
            levels.append(found)
        if not self.training:
            return self.heads[-1](levels[-1]), embedding
        return [head(level) for head, level in zip(self.heads, levels[-DEEP:], strict=True)], embedding


def decoder_of(encoder: Plain | Pretrained, finest: int) -> tuple[int, ...]:
    """Channels of the decoder, coarse to fine: the plain encoder's own, else multiples of `finest`."""
    if isinstance(encoder, Plain):
        return encoder.channels[-2::-1]
    return tuple(finest * share for share in LIGHT[-(len(encoder.channels) - 1) :])


def _doubled(found: Tensor) -> Tensor:
    return functional.interpolate(found, scale_factor=2.0, mode="bilinear", align_corners=False)


class EvenSame(nn.Conv2d):
    """A convolution padded as TensorFlow's "same" pads even sizes, which needs no look at the size."""

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002
        edges: list[int] = []
        for kernel, stride, dilation in zip(
            self.kernel_size[::-1], self.stride[::-1], self.dilation[::-1], strict=True
        ):
            total = max(dilation * (kernel - 1) + 1 - stride, 0)
            edges += [total // 2, total - total // 2]
        found: Tensor = self._conv_forward(functional.pad(input, edges), self.weight, self.bias)
        return found


def _sized(body: nn.Module) -> nn.Module:
    """Turn timm's convolutions that measure their input into ones that know it is even; parameters stay the same."""
    for module in body.modules():
        if type(module).__name__ == "Conv2dSame":
            module.__class__ = EvenSame
    return body
