"""Who is to be told is told once, whatever fails in between, and nobody else is."""

from __future__ import annotations

import dataclasses
import email
import email.policy
import hashlib
import hmac
import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sightloop.core.entities import Json, Project
from sightloop.core.errors import Conflict, Forbidden, Missing, Rejected
from sightloop.flows import delivering, noticing, webhooks
from sightloop.flows.access import OPERATOR
from sightloop.flows.services import Services
from sightloop.store import notices
from sightloop.store.watch_tables import deliveries
from sightloop.store.watch_tables import notices as rows
from sightloop.tracking.webhook import Webhooks
from tests.tracking.listener import Listener, listening

SENTENCE = "The pictures of 12 days look unlike those learnt from (p = 0.0004, n = 212)."
DETAIL: Json = {"p": 0.0004, "n": 212, "report": "r1"}
VIEWER = dataclasses.replace(OPERATOR, id="somebody", role="maintainer")


@pytest.fixture
def listener() -> Iterator[Listener]:
    with listening() as found:
        yield found


@pytest.fixture
def open_services(services: Services) -> Services:
    """Services whose webhooks may lead into this machine, and are given up soon."""
    return dataclasses.replace(services, poster=Webhooks(private=True, seconds=0.5))


@pytest.fixture
def hook(open_services: Services, listener: Listener) -> tuple[str, str]:
    """A webhook that leads to the listener: its id and its secret."""
    made, secret = webhooks.add(open_services, user=OPERATOR, url=listener.url)
    return made.id, secret


@pytest.fixture
def tell(services: Services, project: Project) -> Callable[..., None]:
    def told(kind: noticing.Kind = "drift", sentence: str = SENTENCE) -> None:
        with services.db.begin() as db:
            noticing.tell(db, kind, project_id=project.id, sentence=sentence, detail=DETAIL)

    return told


def standing(services: Services, number: int = 0) -> dict[str, Json]:
    """The deliveries of a notice, the newest being 0, by target."""
    found = noticing.listing(services, user=OPERATOR).items[number]
    return {one["target"]: one for one in found["deliveries"]}


def hurry(services: Services) -> None:
    """Let the time pass until the next try of everything."""
    with services.db.begin() as db:
        db.execute(deliveries.update().where(deliveries.c.next_at.is_not(None)).values(next_at=0.0))


def test_a_notice_arrives_signed_with_the_secret_and_says_what_happened(
    open_services: Services, hook: tuple[str, str], listener: Listener, tell: Callable[..., None]
) -> None:
    tell()
    delivering.deliver_due(open_services)
    [heard] = listener.heard
    said = json.loads(heard.body)
    assert (said["kind"], said["project"], said["sentence"]) == ("drift", "paint", SENTENCE)
    assert (said["detail"], said["at"][-1]) == (DETAIL, "Z")
    signed = hmac.new(hook[1].encode(), heard.body, hashlib.sha256).hexdigest()
    assert heard.headers["X-Sightloop-Signature"] == f"sha256={signed}"
    assert heard.headers["X-Sightloop-Event"] == "drift"
    assert heard.headers["X-Sightloop-Delivery"] == f"{said['id']}-{hook[0]}"
    assert heard.headers["Content-Type"] == "application/json"


def test_what_arrived_is_not_sent_again(
    open_services: Services, hook: tuple[str, str], listener: Listener, tell: Callable[..., None]
) -> None:
    tell()
    for _ in range(3):
        delivering.deliver_due(open_services)
        hurry(open_services)
    assert len(listener.heard) == 1
    found = standing(open_services)[hook[0]]
    assert (found["tries"], found["next_at"], found["error"]) == (1, None, None)
    assert found["delivered_at"] is not None


def test_two_workers_at_once_send_everything_once(
    open_services: Services, hook: tuple[str, str], listener: Listener, tell: Callable[..., None]
) -> None:
    for number in range(10):
        tell(sentence=f"Notice {number}.")
    workers = [threading.Thread(target=delivering.deliver_due, args=[open_services]) for _ in range(3)]
    for one in workers:
        one.start()
    for one in workers:
        one.join()
    assert sorted(json.loads(one.body)["sentence"] for one in listener.heard) == [f"Notice {n}." for n in range(10)]


def test_a_notice_of_what_did_not_happen_is_not_told(
    open_services: Services, hook: tuple[str, str], listener: Listener, project: Project
) -> None:
    def undone() -> None:
        with open_services.db.begin() as db:
            noticing.tell(db, "promotion", project_id=project.id, sentence="Version 2 is live.", detail={})
            raise Rejected("something else fails.")

    with pytest.raises(Rejected):
        undone()
    delivering.deliver_due(open_services)
    assert listener.heard == []


def test_a_failure_is_tried_again_ever_less_often_ten_times_in_all(
    open_services: Services, hook: tuple[str, str], listener: Listener, tell: Callable[..., None]
) -> None:
    listener.status = 503
    tell()
    waits = []
    for number in range(1, 13):
        hurry(open_services)
        delivering.deliver_due(open_services)
        delivering.deliver_due(open_services)  # too early: no try
        found = standing(open_services)[hook[0]]
        assert found["tries"] == min(number, 10)
        assert found["error"] == "127.0.0.1 answered 503."
        if found["next_at"] is not None:
            waits.append(round(found["next_at"] - open_services.clock()))
    assert waits == pytest.approx([5, 15, 45, 135, 405, 1215, 3645, 10_935, 21_600], abs=1)
    assert len(listener.heard) == 10


def test_a_target_that_comes_back_gets_what_it_missed_in_order(
    open_services: Services, hook: tuple[str, str], listener: Listener, tell: Callable[..., None]
) -> None:
    listener.status = 500
    for number in range(3):
        tell(sentence=f"Notice {number}.")
    delivering.deliver_due(open_services)
    assert len(listener.heard) == 1  # it failed once, so that nothing more is tried in this turn
    listener.status = 204
    hurry(open_services)
    delivering.deliver_due(open_services)
    assert [json.loads(one.body)["sentence"] for one in listener.heard[1:]] == [f"Notice {n}." for n in range(3)]


def test_one_that_hangs_does_not_keep_the_others_from_theirs(
    open_services: Services, listener: Listener, tell: Callable[..., None]
) -> None:
    with listening() as slow:
        slow.hangs = True
        hung, _ = webhooks.add(open_services, user=OPERATOR, url=slow.url)
        fine, _ = webhooks.add(open_services, user=OPERATOR, url=listener.url)
        tell()
        tell()
        delivering.deliver_due(open_services)
        assert (len(slow.heard), len(listener.heard)) == (1, 2)
        assert standing(open_services, 1)[hung.id]["error"] == "127.0.0.1 did not answer within 0.5 s."
        assert standing(open_services, 1)[fine.id]["error"] is None


def test_a_redirect_is_kept_as_the_failure_that_it_is(
    open_services: Services, hook: tuple[str, str], listener: Listener, tell: Callable[..., None]
) -> None:
    with listening() as other:
        listener.status, listener.location = 302, other.url
        tell()
        delivering.deliver_due(open_services)
        found = standing(open_services)[hook[0]]
        assert (found["delivered_at"], "redirects" in found["error"], other.heard) == (None, True, [])


def test_by_default_a_listener_of_this_machine_gets_nothing(
    services: Services, hook: tuple[str, str], listener: Listener, tell: Callable[..., None]
) -> None:
    tell()
    delivering.deliver_due(services)
    found = standing(services)[hook[0]]
    assert (listener.heard, "private network" in found["error"]) == ([], True)


def test_a_webhook_is_not_told_what_happened_before_it_was_there(
    open_services: Services, listener: Listener, tell: Callable[..., None]
) -> None:
    tell()
    webhooks.add(open_services, user=OPERATOR, url=listener.url)
    delivering.deliver_due(open_services)
    assert listener.heard == []


def test_a_webhook_that_was_removed_gets_nothing_that_waited_for_it(
    open_services: Services, hook: tuple[str, str], listener: Listener, tell: Callable[..., None]
) -> None:
    tell()
    webhooks.remove(open_services, user=OPERATOR, webhook_id=hook[0])
    delivering.deliver_due(open_services)
    assert (listener.heard, hook[0] in standing(open_services)) == ([], False)
    with pytest.raises(Missing):
        webhooks.remove(open_services, user=OPERATOR, webhook_id=hook[0])


def test_a_worker_that_dies_while_sending_leaves_it_to_the_next_after_a_minute(
    open_services: Services, hook: tuple[str, str], listener: Listener, tell: Callable[..., None]
) -> None:
    tell()
    with open_services.db.begin() as db:
        notices.forget(db, notices.FOLDER)
        dead = notices.claim(db)
    assert dead is not None
    delivering.deliver_due(open_services)
    assert listener.heard == []
    assert standing(open_services)[hook[0]]["next_at"] == pytest.approx(open_services.clock() + notices.LEASE, abs=5)
    hurry(open_services)
    delivering.deliver_due(open_services)
    assert (len(listener.heard), standing(open_services)[hook[0]]["tries"]) == (1, 2)


@pytest.fixture
def folder(services: Services, tmp_path: Path) -> tuple[Services, Path]:
    """Services that drop notices into a folder which is not there yet."""
    place = tmp_path / "drop" / "notices"
    return dataclasses.replace(services, notices=place), place


def test_a_folder_gets_the_json_and_a_mail_and_nothing_else(
    folder: tuple[Services, Path], tell: Callable[..., None]
) -> None:
    dropping, place = folder
    tell("rollback", "Version 3 was rolled back:\n  28 of 100 answers were corrected, “12” before.")
    delivering.deliver_due(dropping)
    delivering.deliver_due(dropping)
    assert sorted(path.name for path in place.iterdir()) == ["1-rollback.eml", "1-rollback.json"]
    assert json.loads((place / "1-rollback.json").read_bytes())["detail"] == DETAIL
    mail = email.message_from_bytes((place / "1-rollback.eml").read_bytes(), policy=email.policy.default)
    assert mail["Subject"] == "Version 3 was rolled back: 28 of 100 answers were corrected, “12” before."
    body: Any = mail.get_body()
    assert "Project: paint" in body.get_content()
    assert "n: 212" in body.get_content()
    assert mail["Date"].datetime.timestamp() == pytest.approx(dropping.clock(), abs=60)
    assert standing(dropping)["folder"]["delivered_at"] is not None


def test_what_happened_while_no_folder_was_set_never_appears_in_it(
    services: Services, folder: tuple[Services, Path], tell: Callable[..., None]
) -> None:
    tell()
    delivering.deliver_due(services)
    assert standing(services) == {}
    tell()
    delivering.deliver_due(folder[0])
    assert sorted(path.name for path in folder[1].iterdir()) == ["2-drift.eml", "2-drift.json"]


def test_a_folder_that_cannot_be_written_to_is_a_failure_that_is_tried_again(
    services: Services, tmp_path: Path, tell: Callable[..., None]
) -> None:
    (tmp_path / "taken").write_text("a file")
    tell()
    delivering.deliver_due(dataclasses.replace(services, notices=tmp_path / "taken"))
    found = standing(services)["folder"]
    assert (found["error"], found["next_at"] is None) == (
        "the folder for notices cannot be written to: File exists.",
        False,
    )


def test_a_test_goes_to_one_webhook_and_is_not_tried_again(
    open_services: Services, hook: tuple[str, str], listener: Listener
) -> None:
    with listening() as other:
        webhooks.add(open_services, user=OPERATOR, url=other.url)
        [found] = delivering.try_now(open_services, user=OPERATOR, webhook_id=hook[0])
        listener.status = 500
        [failed] = delivering.try_now(open_services, user=OPERATOR, webhook_id=hook[0])
        hurry(open_services)
        delivering.deliver_due(open_services)
        assert (len(listener.heard), other.heard) == (2, [])
    assert (found["url"], found["error"], found["delivered_at"] is None) == (listener.url, None, False)
    assert (failed["error"], failed["delivered_at"]) == ("127.0.0.1 answered 500.", None)
    assert json.loads(listener.heard[0].body)["project"] is None


def test_a_test_of_everything_reaches_the_folder_too(
    open_services: Services, hook: tuple[str, str], listener: Listener, tmp_path: Path
) -> None:
    found = delivering.try_now(dataclasses.replace(open_services, notices=tmp_path / "drop"), user=OPERATOR)
    assert {one["target"]: one["error"] for one in found} == {hook[0]: None, "folder": None}
    assert (len(listener.heard), len(list((tmp_path / "drop").iterdir()))) == (1, 2)


def test_a_test_with_nobody_to_tell_says_so(services: Services) -> None:
    with pytest.raises(Missing, match="nobody to tell"):
        delivering.try_now(services, user=OPERATOR)


def test_only_old_notices_that_nobody_waits_for_are_forgotten(
    open_services: Services, hook: tuple[str, str], listener: Listener, tell: Callable[..., None]
) -> None:
    tell(sentence="Old and told.")
    delivering.deliver_due(open_services)
    listener.status = 500
    tell(sentence="Old and waiting.")
    delivering.deliver_due(open_services)
    with open_services.db.begin() as db:
        db.execute(rows.update().values(at=open_services.clock() - 91 * 86_400))
    tell(sentence="New.")
    delivering.trim(open_services)
    found = noticing.listing(open_services, user=OPERATOR).items
    assert [one["sentence"] for one in found] == ["New.", "Old and waiting."]


def test_pages_of_notices_hold_each_once_the_newest_first(services: Services, tell: Callable[..., None]) -> None:
    for number in range(7):
        tell(sentence=str(number))
    page = noticing.listing(services, user=OPERATOR, limit=3)
    assert page.total == 7
    seen = [one["sentence"] for one in page.items]
    while page.cursor:
        tell(sentence="later")
        page = noticing.listing(services, user=OPERATOR, cursor=page.cursor, limit=3)
        seen += [one["sentence"] for one in page.items]
    assert seen == list("6543210")


@pytest.mark.parametrize("cursor", ["", "x", "-1", "1.5", "9" * 30, "²"])
def test_a_damaged_cursor_is_refused(services: Services, cursor: str) -> None:
    with pytest.raises(Rejected, match="cursor"):
        noticing.listing(services, user=OPERATOR, cursor=cursor)


def test_an_address_is_told_once_and_at_most_twenty_are(open_services: Services, hook: tuple[str, str]) -> None:
    [known] = webhooks.listing(open_services, user=OPERATOR)
    with pytest.raises(Conflict, match="told already"):
        webhooks.add(open_services, user=OPERATOR, url=known.url)
    for number in range(webhooks.MOST - 1):
        webhooks.add(open_services, user=OPERATOR, url=f"https://{number}.example/")
    with pytest.raises(Rejected, match="20 webhooks"):
        webhooks.add(open_services, user=OPERATOR, url="https://more.example/")


def test_only_administrators_see_or_change_who_is_told(services: Services) -> None:
    for refused in (
        lambda: webhooks.listing(services, user=VIEWER),
        lambda: webhooks.add(services, user=VIEWER, url="https://hooks.example/"),
        lambda: webhooks.remove(services, user=VIEWER, webhook_id="x"),
        lambda: noticing.listing(services, user=VIEWER),
        lambda: delivering.try_now(services, user=VIEWER),
    ):
        with pytest.raises(Forbidden):
            refused()
