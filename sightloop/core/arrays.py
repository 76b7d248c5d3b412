"""Names for the arrays that cross floors."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Pixels: TypeAlias = NDArray[np.uint8]  # (height, width, 3), RGB, upright, 0..255
Mask: TypeAlias = NDArray[np.uint8]  # (height, width), 0 background, k the k-th class
ProbabilityMap: TypeAlias = NDArray[np.uint8]  # (classes, height, width), round(255 · probability)
Levels: TypeAlias = NDArray[np.int64]  # (classes, 256), pixels of a probability map per value
Embedding: TypeAlias = NDArray[np.float32]  # (d,) or (images, d), L2-normalised
Scores: TypeAlias = NDArray[np.float64]  # (images, classes), 0..1, rows sum to 1
