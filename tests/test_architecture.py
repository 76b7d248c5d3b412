"""Holds every module to the floors of the house: who may import whom, who owns which library, no cycles, and sizes."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FILES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted((ROOT / "sightloop").rglob("*.py"))
}
LEAVES = "core settings telemetry logs"
HANDS = "vision measure samples tasks bundles families store telemetry"
DOOR = "core flows wiring settings telemetry logs"
MAY = {
    "core": "", "telemetry": "", "logs": "", "settings": "core", "vision": "core", "measure": "core",
    "samples": "core vision",
    "tasks": "core vision measure", "bundles": "core vision measure", "families": "core vision measure bundles",
    "store": "core", "tracking": "core", "runtime": "core telemetry vision bundles", "flows": f"core {HANDS}",
    "wiring": f"{LEAVES} {HANDS} runtime tracking flows", "web": DOOR, "cli": DOOR, "worker": DOOR, "__main__": "cli",
}  # fmt: skip
OWNERS = {
    "fastapi starlette jwt uvicorn multipart python_multipart httptools uvloop": "web", "argon2": "flows.accounts",
    "sqlalchemy alembic psycopg boto3 botocore": "store", "zipstream": "flows", "pydantic": "web settings",
    "torch torchvision timm lightning safetensors onnx onnxscript optuna": "families", "mlflow": "tracking",
    "onnxruntime": "bundles families", "lightgbm": "families",
    "PIL simplejpeg cv2": "vision", "scipy matplotlib": "measure", "sklearn": "measure families",
    "prometheus_client": "telemetry", "click": "cli", "pydantic_settings": "settings", "pickle joblib yaml": "nobody",
}  # fmt: skip
OWNER = {library: owners.split() for libraries, owners in OWNERS.items() for library in libraries.split()}


@cache
def imported(module: str) -> frozenset[str]:
    """Everything `module` imports anywhere in its text: our modules in full, of other libraries the first word."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(FILES[module].read_text())):
        if not isinstance(node, ast.Import | ast.ImportFrom):
            continue
        start = f"{node.module}." if isinstance(node, ast.ImportFrom) else ""
        for name in [start + alias.name for alias in node.names]:
            ours = name if name in FILES else name.rpartition(".")[0]
            found.add(ours if name.split(".")[0] == "sightloop" else name.split(".")[0])
    return frozenset(found)


def inside(module: str, room: str) -> bool:
    return f"{module}.".startswith(f"sightloop.{room}.")


def offences(module: str) -> Iterator[str]:
    """One sentence for each import that the tables forbid."""
    room = module.split(".")[1] if "." in module else ""
    for name in sorted(imported(module)):
        other = name.split(".")[1] if name.startswith("sightloop.") else ""
        if name in OWNER and not any(inside(module, owner) for owner in OWNER[name]):
            yield f"{module} imports {name}, which belongs to {' and '.join(OWNER[name])}"
        if other and room and other != room and other not in MAY[room].split():
            yield f"{module} imports {name}, and {room} may import only {MAY[room] or 'nothing'}"
        if other == "families" != room and name != "sightloop.families":
            yield f"{module} imports {name}, and families are reached only through sightloop.families.get"
    if len(ours := [name for name in imported(module) if name.startswith("sightloop.")]) > 12:
        yield f"{module} imports {len(ours)} of our modules, more than 12"


@pytest.mark.parametrize("module", FILES)
def test_a_module_imports_only_what_its_room_may(module: str) -> None:
    found = list(offences(module))
    assert not found, "; ".join(found)


def test_no_modules_import_each_other_in_a_circle() -> None:
    TopologicalSorter({module: imported(module) & FILES.keys() - {module} for module in FILES}).prepare()
