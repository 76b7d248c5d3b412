"""Names for the arrays that cross floors."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Pixels: TypeAlias = NDArray[np.uint8]  # (height, width, 3), RGB, upright, 0..255
Embedding: TypeAlias = NDArray[np.float32]  # (d,) or (images, d), L2-normalised
Scores: TypeAlias = NDArray[np.float64]  # (images, classes), 0..1, rows sum to 1
