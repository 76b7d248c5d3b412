"""The documents say what the code does: generated pages are fresh, links lead somewhere, printed commands exist."""

from __future__ import annotations

import functools
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from docs import generate
from sightloop import families, telemetry
from sightloop.cli.main import LAZY, cli
from sightloop.settings import Settings
from tests.web import test_roles

ROOT = Path(__file__).parent.parent
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
HEREDOC = re.compile(r"<<'(\w+)'[^\n]*\n.*?^\1$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
SHELL = {"cd", "cp", "curl", "cat", "done", "export", "for", "git", "mkdir", "mongoexport", "mv", "python", "."}


@functools.cache
def page(name: str) -> str:
    return generate.pages()[name]


@functools.cache
def commands() -> dict[str, set[str]]:
    """Every command that does something, with its flags."""
    with click.Context(cli, info_name="sightloop") as context:
        found = {name: generate.flags(one) for name, one in generate.walk(context) if not isinstance(one, click.Group)}
    return {name: {*flags, "--help"} for name, flags in found.items()}


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def command_lines(path: Path) -> Iterator[str]:
    """The lines of a document's shell fences, continued lines joined, here-documents and comments left out."""
    for language, block in FENCE.findall(path.read_text(encoding="utf-8")):
        if language == "sh":
            text = HEREDOC.sub("", block).replace("\\\n", " ")
            yield from (line.strip() for line in text.splitlines() if line.strip() and not line.strip().startswith("#"))


def slugs(path: Path) -> set[str]:
    """The anchors of a document's headings."""
    headings = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_the_generated_pages_are_what_the_code_says() -> None:
    assert generate.out_of_date() == [], "run: python docs/generate.py"


def test_every_setting_is_in_the_reference() -> None:
    assert [name for name in Settings.model_fields if f"`SIGHTLOOP_{name.upper()}`" not in page("settings.md")] == []


def test_every_command_and_option_is_in_the_reference() -> None:
    assert {name.split()[1] for name in commands()} == set(LAZY)
    assert [name for name in commands() if f"# {name}\n" not in page("cli.md")] == []
    flags = {flag for own in commands().values() for flag in own if flag.startswith("-")} - {"--help", "--json"}
    assert [flag for flag in flags if flag not in page("cli.md")] == []


def test_every_metric_is_in_the_reference() -> None:
    exposed = re.findall(r"^# TYPE (sightloop_\w+) ", telemetry.render().decode(), re.MULTILINE)
    assert exposed
    assert [name for name in exposed if f"`{name}`" not in page("metrics.md") and not name.endswith("_created")] == []


def test_every_family_and_parameter_is_in_the_reference() -> None:
    names = [*families.NAMES, *(one for name in families.NAMES for one in vars(families.params(name, {})))]
    text = page("families.md")
    assert [name for name in names if f"`{name}`" not in text and f"## {name}\n" not in text] == []


def test_every_route_is_in_the_reference_with_the_role_that_its_test_proves() -> None:
    proved = {case: rule.role for case, rule in {**test_roles.IN_PROJECT, **test_roles.ACCOUNT_ROLE}.items()}
    with generate.application() as app:
        said = generate.needed_roles(app)
    assert {case: said[case] for case in proved} == proved
    everything = {*proved, *test_roles.ANYBODY, *test_roles.BY_PASSWORD, *test_roles.PUBLIC}
    assert [case for case in everything if f"| `{' '.join(case)}` |" not in page("api.md")] == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=name_of)
def test_every_link_leads_to_a_file_and_a_heading_that_are_there(path: Path) -> None:
    for target in LINK.findall(path.read_text(encoding="utf-8")):
        if not target.startswith(("http://", "https://", "mailto:")):
            place, _, anchor = target.partition("#")
            there = (path.parent / place).resolve() if place else path
            assert there.exists(), target
            assert not anchor or anchor in slugs(there), target


@pytest.mark.parametrize("path", DOCUMENTS, ids=name_of)
def test_every_command_line_shown_exists_with_its_options(path: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for line in command_lines(path):
        words = shlex.split(re.sub(r"\$\((sightloop [^)]*)\)", r"; \1", line), comments=True)
        first = next((word for word in words if "=" not in word.partition("/")[0]), "export")
        if first == "make":
            assert words[words.index(first) + 1] in targets, line
        elif first != "sightloop":
            assert first in SHELL, line
        if "sightloop" in words:
            _check(words[words.index("sightloop") + 1 :], line)


def _check(words: list[str], line: str) -> None:
    if words and words[0] == "--data":
        words = words[2:]
    known = next((name for size in (2, 1) if (name := " ".join(["sightloop", *words[:size]])) in commands()), None)
    assert known is not None, line
    asked = {word.partition("=")[0] for word in words if re.match(r"--?[a-z]", word)}
    assert asked <= commands()[known], line


def test_the_readme_begins_with_the_two_commands() -> None:
    lines = list(command_lines(ROOT / "README.md"))
    assert "make demo" in lines
    assert "make test" in lines
    assert min(lines.index("make demo"), lines.index("make test")) <= 3


def test_the_path_of_every_request_shown_is_a_route() -> None:
    with generate.application() as app:
        known = {getattr(route, "path", "") for route in app.routes}
    forms = [re.compile(re.sub(r"\{\w+\}", "[^/]+", route) + r"(\?.*)?") for route in known]
    for document in DOCUMENTS:
        for line in command_lines(document):
            for path in re.findall(r"(?:\$U|localhost:8000|127\.0\.0\.1:8000)(/[^\s\"']*)|\$API(/[^\s\"']*)", line):
                asked = path[0] or f"/api/v1{path[1]}"
                assert asked == "/api/v1" or any(form.fullmatch(asked) for form in forms), line
