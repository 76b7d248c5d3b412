"""Notices and who gets them, on both databases: claimed once, forgotten with their project."""

from __future__ import annotations

from sightloop.store import notices, webhooks
from sightloop.store.database import Database


def told(database: Database, sentence: str = "Something happened.") -> int:
    with database.begin() as db:
        return notices.add(db, kind="drift", project_id=None, sentence=sentence, detail={"n": 3})


def test_a_notice_is_due_for_the_folder_and_every_webhook_that_is_there(database: Database) -> None:
    with database.begin() as db:
        hook = webhooks.add(db, url="https://hooks.example/", secret="hush", by=None)
    seq = told(database)
    found = []
    with database.begin() as db:
        while due := notices.claim(db):
            found.append((due.seq, due.target, due.tries, due.url, due.secret, due.detail))
    assert sorted(found) == sorted(
        [(seq, "folder", 1, None, None, {"n": 3}), (seq, hook.id, 1, "https://hooks.example/", "hush", {"n": 3})]
    )


def test_what_one_process_took_no_other_gets(database: Database) -> None:
    told(database)
    with database.begin() as db:
        first = notices.claim(db)
        assert first is not None
    with database.begin() as db:
        assert notices.claim(db) is None
        assert not notices.any_due(db)
        notices.delivered(db, first)
        notices.failed(db, first, error="too late", wait=0.0)
    with database.connect() as db:
        [found] = notices.page(db, limit=5)
        assert (found["deliveries"][0]["error"], notices.any_due(db)) == (None, False)


def test_a_failure_of_an_earlier_try_does_not_undo_a_later_one(database: Database) -> None:
    told(database)
    with database.begin() as db:
        slow = notices.claim(db)
        assert slow is not None
        notices.failed(db, slow, error="first", wait=0.0)
        quick = notices.claim(db)
        assert quick is not None
        notices.failed(db, quick, error="second", wait=9.0)
        notices.failed(db, slow, error="first again", wait=0.0)
        [found] = notices.page(db, limit=5)
    assert (found["deliveries"][0]["tries"], found["deliveries"][0]["error"]) == (2, "second")


def test_the_secret_of_a_webhook_is_in_no_list(database: Database) -> None:
    with database.begin() as db:
        webhooks.add(db, url="https://hooks.example/", secret="hush", by=None)
    told(database)
    with database.connect() as db:
        assert "hush" not in str([webhooks.all(db), notices.page(db, limit=5)])


def test_what_a_test_writes_is_never_due_for_a_worker(database: Database) -> None:
    with database.begin() as db:
        [due] = notices.once(db, kind="test", sentence="A test.", targets=["folder"])
        assert not notices.any_due(db)
        notices.delivered(db, due)
        assert notices.page(db, limit=1)[0]["deliveries"][0]["tries"] == 1
