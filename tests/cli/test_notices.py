"""`sightloop notices`: who is told, a test of it, and what was told."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sightloop.cli.main import run
from tests.tracking.listener import Listener, listening


@pytest.fixture
def listener() -> Iterator[Listener]:
    with listening() as found:
        yield found


def test_a_webhook_is_added_tried_listed_and_removed(
    ask: Callable[..., Any], listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIGHTLOOP_WEBHOOK_PRIVATE", "true")
    made = ask("notices", "add", listener.url)
    assert made["secret"]
    [listed] = ask("notices", "hooks")
    assert (listed["id"], "secret" in listed) == (made["id"], False)
    [found] = ask("notices", "test")
    assert (found["target"], found["error"], len(listener.heard)) == (made["id"], None, 1)
    [told] = ask("notices", "list")
    assert (told["kind"], told["deliveries"][0]["tries"]) == ("test", 1)
    assert ask("notices", "remove", made["id"]) == {"removed": made["id"]}
    assert ask("notices", "hooks") == []


def test_a_test_that_does_not_arrive_leaves_with_1_and_says_why(
    ask: Callable[..., Any], data: Path, capsys: pytest.CaptureFixture[str], listener: Listener
) -> None:
    ask("notices", "add", f"http://localhost:{listener.port}/")
    capsys.readouterr()
    assert run(["--data", str(data), "notices", "test"]) == 1
    printed = capsys.readouterr()
    assert "private network" in printed.out
    assert "1 of 1 targets" in printed.err
    assert run(["--data", str(data), "notices", "list"]) == 0
    assert "0 of 1" in capsys.readouterr().out
    assert listener.heard == []


def test_an_address_in_figures_of_this_machine_is_refused_with_the_setting_named(
    refusal: Callable[..., tuple[int, str]],
) -> None:
    code, said = refusal("notices", "add", "http://127.0.0.1:9/")
    assert (code, "SIGHTLOOP_WEBHOOK_PRIVATE" in said) == (1, True)


def test_the_folder_of_the_setting_gets_the_test(
    ask: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SIGHTLOOP_NOTICES", str(tmp_path / "drop"))
    [found] = ask("notices", "test")
    assert (found["target"], found["error"]) == ("folder", None)
    assert json.loads((tmp_path / "drop" / "1-test.json").read_text())["kind"] == "test"
    assert (tmp_path / "drop" / "1-test.eml").exists()


def test_with_nobody_to_tell_a_test_names_what_to_set(refusal: Callable[..., tuple[int, str]]) -> None:
    code, said = refusal("notices", "test")
    assert (code, "SIGHTLOOP_NOTICES" in said) == (1, True)
