"""What leaves the house: a wheel with the web page inside, built where there is no Node.js, and the page's sources."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKED = ("sightloop", "ui", "pyproject.toml", "hatch_build.py", "README.md", "LICENSE", "CHANGELOG.md", ".gitignore")
MADE = {"node_modules", "schema.d.ts", "__pycache__"}
PAGE = "sightloop/web/static/app/index.html"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The sources as they come from Git, with nothing built."""
    folder = tmp_path / "copy"
    folder.mkdir()
    for name in PACKED:
        path = ROOT / name
        if path.is_dir():
            shutil.copytree(path, folder / name, ignore=_made)
        else:
            shutil.copy(path, folder / name)
    return folder


@pytest.fixture
def without_node(tmp_path: Path) -> dict[str, str]:
    """This environment with a PATH on which there is little, and no Node.js."""
    folder = tmp_path / "path"
    folder.mkdir()
    for name in ("sh", "env"):
        (folder / name).symlink_to(str(shutil.which(name)))
    find_links = os.environ.get("UV_FIND_LINKS") or os.environ.get("PIP_FIND_LINKS", "")
    return {**os.environ, "PATH": str(folder), "UV_FIND_LINKS": find_links}


def uv(*words: str, env: dict[str, str]) -> None:
    done = subprocess.run([sys.executable, "-m", "uv", *words], env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_wheel_built_from_the_sdist_without_node_carries_the_page(
    copy: Path, without_node: dict[str, str], tmp_path: Path
) -> None:
    uv("build", "--python", sys.executable, "--out-dir", str(tmp_path / "dist"), str(copy), env=without_node)
    wheel, sources = next((tmp_path / "dist").glob("*.whl")), next((tmp_path / "dist").glob("*.tar.gz"))
    packed = zipfile.ZipFile(wheel).namelist()
    assert PAGE in packed
    assert any(re.fullmatch(r"sightloop/web/static/app/assets/[\w-]+\.js", name) for name in packed)
    assert not any(name.startswith("ui/") for name in packed)
    with tarfile.open(sources) as archive:
        sent = {name.partition("/")[2] for name in archive.getnames()}
    assert {"ui/package-lock.json", "ui/openapi.json", "ui/src/main.ts", "ui/build.py", "hatch_build.py"} <= sent
    assert not any("node_modules" in name or name == PAGE for name in sent)


def test_an_editable_install_builds_no_page(copy: Path, without_node: dict[str, str], tmp_path: Path) -> None:
    python = tmp_path / "venv" / "bin" / "python"
    uv("venv", "--python", sys.executable, str(tmp_path / "venv"), env=without_node)
    uv("pip", "install", "--no-deps", "--python", str(python), "--editable", str(copy), env=without_node)
    assert not (copy / PAGE).exists()
    assert not (copy / "ui" / "node_modules").exists()


def test_the_lock_file_names_no_registry() -> None:
    assert '"resolved"' not in (ROOT / "ui" / "package-lock.json").read_text()


def _made(folder: str, names: list[str]) -> set[str]:
    return {name for name in names if name in MADE or Path(folder, name) == (ROOT / PAGE).parent}
