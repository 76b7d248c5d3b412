"""The workflows of GitHub fit its schema, and the auditor of workflows finds nothing in them."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
PROGRAMS = Path(sys.executable).parent


def ran(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(word) for word in command], cwd=ROOT, capture_output=True, text=True, check=False)


def test_both_workflows_fit_the_schema() -> None:
    assert [path.name for path in WORKFLOWS] == ["ci.yml", "drift.yml"]
    done = ran(PROGRAMS / "check-jsonschema", "--builtin-schema", "vendor.github-workflows", *WORKFLOWS)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_auditor_finds_nothing() -> None:
    done = ran(PROGRAMS / "zizmor", "--offline", "--no-progress", *WORKFLOWS)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_every_action_is_pinned_and_every_job_may_only_read_and_ends(path: Path) -> None:
    text = path.read_text()
    used = re.findall(r"uses: (\S+)(.*)", text)
    assert used
    assert all(re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", name) for name, _ in used), used
    assert all(re.match(r" # v\d", version) for _, version in used), used
    assert "\npermissions:\n  contents: read\n" in text
    assert text.count("timeout-minutes:") == text.count("runs-on:")
    assert "concurrency:" in text


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_no_script_has_words_of_others_written_into_it(path: Path) -> None:
    inside = re.findall(r"^ +run: (?:\|\n((?: {10}.*\n)+)|(.*)\n)", path.read_text(), re.MULTILINE)
    assert inside
    assert not [words for words in inside if "${{" in "".join(words)]
