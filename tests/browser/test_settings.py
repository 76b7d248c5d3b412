"""The settings of a project: what the page shows of them is what the server does."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.installed import Installation

OpenPage = Callable[..., Page]


def test_promoting_by_itself_is_shown_as_on_until_somebody_switches_it_off(
    open_page: OpenPage, installation: Installation
) -> None:
    name = installation.project(each=1)
    page = open_page(f"/p/{name}/settings", role="maintainer")
    switch = page.get_by_role("checkbox", name=re.compile("^Promote by itself"))
    expect(switch).to_be_checked()
    switch.uncheck()
    page.get_by_role("button", name="Save what is watched").click()
    expect(page.get_by_text("Drift and promotion saved")).to_be_visible()
    page.reload()
    expect(switch).not_to_be_checked()
