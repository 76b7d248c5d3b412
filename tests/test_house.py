"""Holds the source to the page of style: sizes, docstrings, names, and what is never called."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCE = sorted((ROOT / "sightloop").rglob("*.py"))
ALL = SOURCE + sorted((ROOT / "tests").rglob("*.py")) + sorted((ROOT / "benchmarks").rglob("*.py"))
NAMELESS = {"utils", "util", "helpers", "common", "manager", "base", "misc"}
NEVER = re.compile(
    r"\b(pickle\.loads?|joblib\.load|yaml\.load|extractall)\(|shell=True|MAX_IMAGE_PIXELS = None|"
    r"torch\.load\((?![^\n]*weights_only=True)|\b(TODO|FIXME)\b"
)


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def _called(path: Path) -> set[str]:
    return {ast.unparse(node.func) for node in ast.walk(_tree(path)) if isinstance(node, ast.Call)}


@pytest.mark.parametrize("path", ALL, ids=_name)
def test_no_file_is_longer_than_500_lines(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 500


@pytest.mark.parametrize("path", ALL, ids=_name)
def test_no_function_is_longer_than_60_lines(path: Path) -> None:
    functions = [node for node in ast.walk(_tree(path)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    assert [node.name for node in functions if (node.end_lineno or 0) - node.lineno >= 60] == []


@pytest.mark.parametrize("path", ALL, ids=_name)
def test_every_module_says_in_a_sentence_what_it_is_for(path: Path) -> None:
    assert (ast.get_docstring(_tree(path)) or "").partition("\n")[0].endswith(".")


@pytest.mark.parametrize("path", ALL, ids=_name)
def test_no_file_has_a_name_that_names_nothing(path: Path) -> None:
    assert not NAMELESS & {part.removeprefix("test_") for part in path.relative_to(ROOT).with_suffix("").parts}


@pytest.mark.parametrize("path", SOURCE, ids=_name)
def test_nothing_dangerous_or_unfinished_is_written(path: Path) -> None:
    assert NEVER.search(path.read_text(encoding="utf-8")) is None


@pytest.mark.parametrize("path", SOURCE, ids=_name)
def test_only_the_command_line_prints(path: Path) -> None:
    assert "print" not in _called(path) or _name(path).startswith("sightloop/cli/")


@pytest.mark.parametrize("path", SOURCE, ids=_name)
def test_only_the_decoder_opens_a_strangers_picture(path: Path) -> None:
    assert not _called(path) & {"Image.open", "PIL.Image.open"} or _name(path) == "sightloop/vision/decode.py"
