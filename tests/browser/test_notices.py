"""Administration, notices: a webhook's secret is shown once, and the list says whom each notice has reached."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from sightloop.flows import noticing
from tests.browser.driving import settle
from tests.browser.installed import Installation
from tests.browser.watching import Watch, axe

OpenPage = Callable[..., Page]
URL = "https://hooks.invalid/sightloop"


def add(page: Page, url: str) -> None:
    page.get_by_role("button", name="Add a webhook").click()
    page.get_by_role("dialog").get_by_label("Address").fill(url)
    page.get_by_role("dialog").get_by_role("button", name="Add the webhook").click()


def test_the_secret_of_a_webhook_is_shown_once_and_a_test_that_does_not_arrive_says_why(
    open_page: OpenPage, installation: Installation
) -> None:
    page = open_page("/admin/notices", role="admin")
    expect(page.get_by_role("heading", name="Nobody is told yet")).to_be_visible()
    assert axe(page) == []
    add(page, URL)
    dialog = page.get_by_role("dialog", name="The webhook is added")
    secret = dialog.locator("code").first.inner_text()
    assert len(secret) >= 32
    assert axe(page) == []
    dialog.get_by_role("button", name="I have kept it").click()
    page.reload()
    page.get_by_role("button", name=f"Send a test to {URL}").click()
    expect(page.get_by_text(re.compile("was not told: hooks.invalid has no address"))).to_be_visible()
    told = page.get_by_role("region", name="What was told").get_by_role("listitem").first
    expect(told).to_contain_text("not delivered")
    assert secret not in page.content()
    page.get_by_role("button", name=f"Remove {URL}").click()
    page.get_by_role("dialog").get_by_role("button", name="Remove the webhook").click()
    expect(page.get_by_role("heading", name="Nobody is told yet")).to_be_visible()
    with installation.client() as ada:
        assert ada.get("/api/v1/webhooks").json()["items"] == []


def test_an_address_of_this_machine_is_refused_in_the_dialog_where_it_was_typed(
    open_page: OpenPage, watch: Watch
) -> None:
    watch.allow("status of 422")
    page = open_page("/admin/notices", role="admin")
    add(page, "http://127.0.0.1:9/hook")
    expect(page.get_by_role("dialog").get_by_role("alert")).to_contain_text("127.0.0.1")
    page.get_by_role("dialog").get_by_label("Address").fill("ftp://example.org")
    expect(page.get_by_role("dialog")).to_contain_text("Only http and https addresses are told.")


def test_what_happens_in_a_project_stands_in_the_list_while_it_is_open(
    open_page: OpenPage, installation: Installation
) -> None:
    page = open_page("/admin/notices", role="admin")
    settle(page)
    with installation.services.db.begin() as db:
        noticing.tell(db, "drift", project_id=None, sentence="Drift in 300 pictures.", detail={})
    told = page.get_by_role("region", name="What was told").get_by_role("listitem").first
    expect(told).to_contain_text("Drift in 300 pictures.")
    expect(told).to_contain_text("There was nobody to tell.")


def test_nobody_but_an_administrator_sees_who_is_told(open_page: OpenPage) -> None:
    page = open_page("/admin/notices", role="maintainer")
    expect(page.get_by_text("This is for administrators")).to_be_visible()
    expect(page.get_by_role("button", name="Add a webhook")).to_have_count(0)
