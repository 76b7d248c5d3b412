"""Makes `import torchvision`, and with it timm, work beside a torch that torchvision was not built for.

torchvision's wheel registers its operators from a C++ library; beside a CPU-only torch that library does not load and
`import torchvision` fails with "operator torchvision::nms does not exist". Declaring the two operators it looks up is
enough for timm and the image transforms; detection models stay unusable. Nothing is declared where they exist.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import torch

BOXES = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
_libraries: list[Any] = []  # a declaration lasts as long as its library object


def declare() -> None:
    """Declare `torchvision::nms` and `torchvision::qnms` where torchvision's own library cannot bring them."""
    if _libraries or _operators_load():
        return
    library = torch.library.Library("torchvision", "FRAGMENT")  # type: ignore[no-untyped-call]
    for name in ("nms", "qnms"):
        library.define(f"{name}{BOXES}")  # type: ignore[no-untyped-call]
    _libraries.append(library)


def _operators_load() -> bool:
    spec = importlib.util.find_spec("torchvision")
    if spec is None or spec.origin is None:
        return True
    for path in Path(spec.origin).parent.glob("_C.*"):
        try:
            torch.ops.load_library(str(path))  # type: ignore[no-untyped-call]
        except OSError:
            return False
    return hasattr(torch.ops.torchvision, "nms")
