"""The colours in which mask classes are drawn, and how they are told apart from shades of grey."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sightloop.core.errors import BadImage

# Class 1 first. Seven of Okabe and Ito (2008), then five of Tol's "muted": distinct to colour-blind eyes.
PALETTE: tuple[tuple[int, int, int], ...] = (
    (213, 94, 0),
    (0, 114, 178),
    (240, 228, 66),
    (204, 121, 167),
    (0, 158, 115),
    (86, 180, 233),
    (230, 159, 0),
    (51, 34, 136),
    (136, 34, 85),
    (153, 153, 51),
    (68, 170, 153),
    (221, 204, 119),
)
_NEARLY_GREY = 32  # how far apart the channels of a grey may be after a lossy file


def values(colours: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """What each colour says in a mask: a shade of grey its brightness, a colour of `PALETTE` its class.

    Args:
        colours: (..., 3) uint8, RGB.

    Returns:
        (...) uint8.

    Raises:
        BadImage: there are other colours.
    """
    red, green, blue = (np.ascontiguousarray(colours[..., channel]) for channel in range(3))
    spread = np.maximum(np.maximum(red, green), blue) - np.minimum(np.minimum(red, green), blue)
    if spread.max() <= _NEARLY_GREY:
        return green
    codes = colours @ np.array([65536, 256, 1], dtype=np.int32)
    found = np.zeros(codes.shape, np.uint8)
    for index, colour in enumerate(PALETTE, start=1):
        found[codes == int.from_bytes(bytes(colour))] = index
    strange = codes[(found == 0) & (codes > 0)]
    if strange.size:
        raise BadImage(
            f"a mask with the colour #{strange[0]:06x}.", hint="Draw white on black, or save class indices 0, 1, 2…"
        )
    return found
