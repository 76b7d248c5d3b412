"""The first thing that anybody sees."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from sightloop.core.entities import Role
from tests.browser.watching import axe

OpenPage = Callable[..., Page]


def test_a_stranger_who_opens_the_start_page_is_asked_to_sign_in(open_page: OpenPage) -> None:
    page = open_page("/")
    page.wait_for_url("**/login**")
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_on_the_sign_in_page(open_page: OpenPage, theme: str) -> None:
    page = open_page("/login", theme=theme)
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    assert axe(page) == []


@pytest.mark.parametrize("role", ["viewer", "admin"])
def test_who_is_signed_in_sees_the_projects_at_once(open_page: OpenPage, role: Role) -> None:
    page = open_page("/", role=role)
    expect(page.get_by_role("link", name="Paint").first).to_be_visible()
