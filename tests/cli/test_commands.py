"""Commands on a real data folder: what they print parses, what they refuse is said in one line."""

from __future__ import annotations

import sqlite3
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sightloop.cli.main import run
from sightloop.cli.training import read_config
from sightloop.core.errors import Rejected

Ask = Callable[..., Any]
Refusal = Callable[..., tuple[int, str]]


def test_a_created_project_is_listed_and_shown(ask: Ask) -> None:
    ask("project", "create", "paint", "--class", "red", "--class", "blue")
    assert [one["name"] for one in ask("project", "list")] == ["paint"]
    assert ask("project", "show", "paint")["classes"] == ["red", "blue"]


def test_a_project_is_changed_by_what_is_given_and_loses_no_class(ask: Ask, refusal: Refusal) -> None:
    ask("project", "create", "paint", "--class", "red", "--title", "Paint")
    ask("project", "set", "paint", "--floor", "0.6", "--class", "blue", "--class", "red")
    changed = ask("project", "set", "paint", "--no-group-by-site", "--ratios", "0.5,0.3,0.2")
    assert (changed["title"], changed["floor"], changed["classes"]) == ("Paint", 0.6, ["red", "blue"])
    assert (changed["settings"]["group_by_site"], changed["settings"]["ratios"]) == (False, [0.5, 0.3, 0.2])
    assert refusal("project", "set", "paint", "--ratios", "half")[0] == 2
    assert refusal("project", "set", "paint", "--ratios", "1,1,1")[0] == 1


def test_a_taken_name_is_refused_in_one_line_and_a_hint(ask: Ask, refusal: Refusal) -> None:
    ask("project", "create", "paint")
    code, said = refusal("project", "create", "paint")
    assert code == 1
    assert [line.split(":")[0] for line in said.splitlines()] == ["Error", "Hint"]


def test_a_dry_run_imports_nothing(ask: Ask, pictures: Path) -> None:
    ask("project", "create", "paint")
    assert ask("import", "paint", str(pictures), "--dry-run")["classes"] == {"blue": 6, "red": 6}
    assert ask("jobs", "list") == []


def test_an_import_without_a_worker_starts_its_own_and_ends_done(ask: Ask, pictures: Path) -> None:
    ask("project", "create", "paint")
    job = ask("import", "paint", str(pictures))
    assert (job["state"], job["context"]["import"]["stored"]) == ("done", 12)
    assert [one["state"] for one in ask("jobs", "list")] == ["done"]
    assert "step import: started" in [line["line"] for line in ask("jobs", "log", job["id"])]
    assert len(ask("data", "list", "paint")) == 12
    assert ask("insights", "paint")["classes"]


def test_new_classes_of_a_closed_list_are_refused_where_nobody_can_be_asked(
    ask: Ask, refusal: Refusal, pictures: Path
) -> None:
    ask("project", "create", "paint", "--class", "green")
    code, said = refusal("import", "paint", str(pictures))
    assert code == 1
    assert "--new-classes" in said


def test_an_export_is_a_zip_of_class_folders(ask: Ask, pictures: Path, tmp_path: Path) -> None:
    ask("project", "create", "paint")
    ask("import", "paint", str(pictures))
    written = ask("export", "paint", str(tmp_path / "out.zip"))
    with zipfile.ZipFile(tmp_path / "out.zip") as file:
        assert sum(name.endswith(".jpg") for name in file.namelist()) == written["pictures"] == 12


def test_a_folder_with_a_broken_picture_does_not_pass_the_check(refusal: Refusal, ask: Ask, pictures: Path) -> None:
    assert ask("data", "check", str(pictures))["unreadable"] == []
    (pictures / "red" / "0.jpg").write_bytes(b"\xff\xd8\xff no picture")
    assert run(["data", "check", str(pictures)]) == 1


def test_rows_without_files_fail_the_check(ask: Ask, data: Path, pictures: Path) -> None:
    ask("project", "create", "paint")
    ask("import", "paint", str(pictures))
    assert ask("check")["ok"]
    next(path for path in (data / "blobs").rglob("*") if path.is_file()).unlink()
    assert run(["--data", str(data), "check"]) == 1


def test_a_backup_restores_into_an_empty_folder(ask: Ask, pictures: Path, tmp_path: Path) -> None:
    ask("project", "create", "paint")
    ask("import", "paint", str(pictures))
    ask("backup", str(tmp_path / "backups"))
    fresh = str(tmp_path / "fresh")
    assert run(["--data", fresh, "restore", str(tmp_path / "backups"), "--verify"]) == 0
    assert run(["--data", fresh, "check"]) == 0
    with sqlite3.connect(tmp_path / "fresh" / "sightloop.db") as db:
        assert db.execute("SELECT count(*) FROM images").fetchone() == (12,)


def test_an_account_and_its_token_are_made(ask: Ask) -> None:
    ask("user", "add", "ada@example.org", "--role", "admin", "--password", "correct horse battery")
    assert [one["role"] for one in ask("user", "list")] == ["admin"]
    assert ask("token", "create", "--user", "ada@example.org")["secret"]


def test_members_come_and_go(ask: Ask) -> None:
    ask("user", "add", "ada@example.org", "--password", "correct horse battery")
    ask("project", "create", "paint")
    assert [one["role"] for one in ask("project", "members", "paint", "--add", "ada@example.org")] == ["reviewer"]
    assert ask("project", "members", "paint", "--remove", "ada@example.org") == []
    assert ask("project", "members", "paint") == []


def test_training_without_pictures_says_what_is_missing(ask: Ask, refusal: Refusal) -> None:
    ask("project", "create", "paint", "--class", "red", "--class", "blue")
    code, said = refusal("train", "paint", "--weights", "none", "--backbone", "resnet10t")
    assert code == 1
    assert "Error:" in said


def test_an_unknown_training_parameter_is_named(ask: Ask, refusal: Refusal, tmp_path: Path) -> None:
    ask("project", "create", "paint", "--class", "red", "--class", "blue")
    (tmp_path / "run.toml").write_text('momentum = 0.9\nweights = "none"\n')
    code, said = refusal("train", "paint", "--config", str(tmp_path / "run.toml"))
    assert code == 1
    assert "momentum" in said


def test_a_config_file_is_json_or_toml_with_dashes_or_underscores(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"batch-size": 8}')
    (tmp_path / "a.toml").write_text("batch_size = 8")
    assert read_config(tmp_path / "a.json") == read_config(tmp_path / "a.toml") == {"batch_size": 8}


def test_a_config_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text("epochs = = 3")
    with pytest.raises(Rejected, match=r"a\.toml"):
        read_config(tmp_path / "a.toml")


def test_a_project_without_a_model_cannot_predict(ask: Ask, refusal: Refusal, pictures: Path) -> None:
    ask("project", "create", "paint")
    code, said = refusal("predict", "paint", str(pictures / "red" / "0.jpg"))
    assert code == 1
    assert "no model" in said


def test_jobs_that_are_not_there_are_missing(refusal: Refusal) -> None:
    assert refusal("jobs", "show", "nothing")[0] == 1


def test_a_cancelled_job_is_queued_again_and_found_by_its_kind(ask: Ask, data: Path, refusal: Refusal) -> None:
    from sightloop import wiring
    from sightloop.flows import access, checking
    from sightloop.settings import Settings

    services = wiring.build(Settings(data=data))
    job = checking.start(services, user=access.OPERATOR)
    services.close()
    code, said = refusal("jobs", "retry", job.id)
    assert (code, "queued" in said) == (1, True)
    ask("jobs", "cancel", job.id)
    again = ask("jobs", "retry", job.id)
    assert [one["id"] for one in ask("jobs", "list", "--kind", "check", "--state", "queued")] == [again["id"]]
    assert ask("jobs", "list", "--kind", "train") == []


def test_what_takes_the_space_is_said_in_parts(ask: Ask, pictures: Path) -> None:
    ask("project", "create", "paint")
    ask("import", "paint", str(pictures))
    found = ask("storage")
    size = sum(path.stat().st_size for path in pictures.rglob("*.jpg"))
    assert {one["name"]: one["bytes"] for one in found["parts"]}["originals"] == size
    assert [(one["name"], one["images"]) for one in found["projects"]] == [("paint", 12)]


def test_a_missing_worker_is_named_and_fails_the_status(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--data", str(data), "status"]) == 1
    said = capsys.readouterr()
    assert "no worker" in said.out
    assert "0 jobs run" in said.out
