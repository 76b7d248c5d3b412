"""A narrow ResNet that learns from scratch in a minute on a processor, as a timm model like any other."""

from __future__ import annotations

from typing import Any

import timm
from timm.models import register_model
from torch import nn

__all__ = ["resnet10t_narrow"]

CHANNELS = (32, 64, 128, 256)


@register_model
def resnet10t_narrow(pretrained: bool = False, **options: Any) -> nn.Module:
    """timm's resnet10t with half the channels: 1.3 million parameters, a quarter of the work.

    The residual network is He et al., "Deep Residual Learning for Image Recognition" (CVPR 2016), with the tiered stem
    of He et al., "Bag of Tricks for Image Classification" (CVPR 2019), section 4.2. There are no weights for it.
    """
    del pretrained
    model: nn.Module = timm.create_model("resnet10t", pretrained=False, channels=CHANNELS, **options)
    return model
