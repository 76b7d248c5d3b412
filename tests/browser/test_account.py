"""Signing in, one's own account and its API tokens."""

from __future__ import annotations

from collections.abc import Callable

import httpx
from playwright.sync_api import Page, expect

from tests.browser.installed import Installation, email
from tests.browser.watching import Watch
from tests.web.people import PASSWORD

OpenPage = Callable[..., Page]


def sign_in(page: Page, address: str, password: str) -> None:
    page.get_by_label("E-mail").fill(address)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


def test_a_stranger_comes_back_to_the_deep_link_after_signing_in(open_page: OpenPage) -> None:
    page = open_page("/p/paint/settings?from=mail")
    page.wait_for_url("**/login?next=%2Fp%2Fpaint%2Fsettings%3Ffrom%3Dmail")
    sign_in(page, email("viewer"), PASSWORD)
    page.wait_for_url("**/p/paint/settings?from=mail")
    expect(page.get_by_role("heading", name="Settings", level=1)).to_be_visible()


def test_a_token_opens_what_it_may_until_it_is_revoked(open_page: OpenPage, installation: Installation) -> None:
    page = open_page("/account", role="maintainer")
    page.get_by_role("button", name="New token").click()
    page.get_by_label("Name", exact=True).fill("nightly")
    page.get_by_role("button", name="Make the token").click()
    secret = page.get_by_role("dialog").locator("code").first.inner_text()
    sent = {"Authorization": f"Bearer {secret}"}
    assert httpx.get(f"{installation.url}/api/v1/projects", headers=sent).status_code == 200
    made = httpx.post(f"{installation.url}/api/v1/projects", headers=sent, json={"name": "too-much"})
    assert made.status_code == 403
    page.get_by_role("button", name="I have kept it").click()
    page.get_by_role("button", name="Revoke nightly").click()
    page.get_by_role("button", name="Revoke the token").click()
    expect(page.get_by_role("row", name="nightly")).to_contain_text("revoked")
    assert httpx.get(f"{installation.url}/api/v1/projects", headers=sent).status_code == 401


def test_who_registers_and_changes_the_password_signs_in_with_the_new_one(open_page: OpenPage, watch: Watch) -> None:
    watch.allow("status of 422")
    page = open_page("/register")
    page.get_by_label("Name").fill("Nora <b>Neu</b>")
    page.get_by_label("E-mail").fill("nora@example.org")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Open the account").click()
    expect(page.get_by_role("heading", name="Projects", level=1)).to_be_visible()
    page.goto("/account")
    expect(page.get_by_role("heading", name="Nora <b>Neu</b>")).to_be_visible()
    page.get_by_label("Password now").fill(PASSWORD)
    for new in ("short", "a longer and better one"):
        page.get_by_label("New password", exact=True).fill(new)
        page.get_by_label("New password again").fill(new)
        page.get_by_role("button", name="Change the password").click()
        if new == "short":
            expect(page.get_by_label("New password", exact=True)).to_have_accessible_description(
                "the password does not fit. Use 8 to 1024 characters."
            )
    expect(page.get_by_text("The password is changed")).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    sign_in(page, "nora@example.org", "a longer and better one")
    expect(page.get_by_role("heading", name="Projects", level=1)).to_be_visible()
