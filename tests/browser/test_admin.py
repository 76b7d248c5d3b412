"""Administration: accounts, storage and its check, the status of the server."""

from __future__ import annotations

import os
from collections.abc import Callable

import httpx
import pytest
from playwright.sync_api import Page, expect

from sightloop.core.entities import Role
from tests.browser.installed import Installation
from tests.web.people import PASSWORD

OpenPage = Callable[..., Page]


def signs_in(installation: Installation, address: str) -> bool:
    """Whether the account is open."""
    body = {"email": address, "password": PASSWORD}
    sent = httpx.post(f"{installation.url}/api/v1/auth/login", json=body, headers={"X-Sightloop": "1"})
    return sent.status_code == 200


def orphan(installation: Installation) -> str:
    """Store a file that no row refers to, long ago; its SHA-256."""
    blobs = installation.services.blobs
    sha = blobs.put(b"nobody knows me")
    os.utime(blobs.path(sha), (0, 0))
    return sha


def test_a_check_names_what_nothing_refers_to_and_only_a_repair_removes_it(
    open_page: OpenPage, installation: Installation
) -> None:
    sha = orphan(installation)
    page = open_page("/admin/storage", role="admin")
    expect(page.get_by_text("Free on the disk")).to_be_visible()
    page.get_by_role("button", name="Check now").click()
    report = page.get_by_role("status").filter(has_text="1 stored file that nothing refers to")
    report.get_by_role("group").filter(has_text=sha).get_by_text("For example").click()
    expect(report.get_by_text(sha)).to_be_visible()
    assert installation.services.blobs.has(sha)
    page.get_by_role("button", name="Repair what can be repaired").click()
    page.get_by_role("dialog").get_by_role("button", name="Repair", exact=True).click()
    expect(report.get_by_text("repaired", exact=True).first).to_be_visible()
    assert not installation.services.blobs.has(sha)


@pytest.mark.parametrize("path", ["/admin", "/admin/storage"])
@pytest.mark.parametrize("role", ["viewer", "maintainer"])
def test_administration_is_refused_in_words_to_everybody_else(open_page: OpenPage, path: str, role: Role) -> None:
    page = open_page(path, role=role)
    expect(page.get_by_text("This is for administrators")).to_be_visible()
    expect(page.get_by_text(f"Your role is {role}.")).to_be_visible()
    expect(page.get_by_role("link", name="Administration")).to_have_count(0)


def test_an_account_that_is_added_and_closed_can_sign_in_again_after_undo(
    open_page: OpenPage, installation: Installation
) -> None:
    page = open_page("/admin", role="admin")
    page.get_by_role("button", name="Add an account").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("Karl")
    dialog.get_by_label("E-mail").fill("karl@example.org")
    dialog.get_by_label("First password").fill(PASSWORD)
    dialog.get_by_role("button", name="Add the account").click()
    page.get_by_role("button", name="Close karl@example.org").click()
    page.get_by_role("button", name="Close the account").click()
    expect(page.get_by_role("row", name="Karl")).to_contain_text("closed")
    assert not signs_in(installation, "karl@example.org")
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("button", name="Close karl@example.org")).to_be_visible()
    assert signs_in(installation, "karl@example.org")


def test_the_status_says_what_works_and_that_figures_come(open_page: OpenPage) -> None:
    page = open_page("/status", role="viewer")
    for part in ("database", "storage", "model runtime", "worker"):
        expect(page.get_by_text(f"{part} works")).to_be_visible()
    expect(page.get_by_role("heading", name="Requests", exact=True)).to_be_visible()
    expect(page.get_by_role("link", name="Users")).to_have_count(0)
