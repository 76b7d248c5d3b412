"""A real browser on a real server; the tests are skipped where Chromium or the built page is missing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, StorageState, expect

from sightloop.core.entities import Role
from tests.browser import driving
from tests.browser.driving import BUILT, DESKTOP, PHONE, Theme
from tests.browser.installed import Installation, email, installed
from tests.browser.watching import AXE, Watch
from tests.conftest import unavailable
from tests.web.people import PASSWORD

expect.set_options(timeout=60_000)  # milliseconds: patience for a machine that is busy with other tests


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The one browser of this test process."""
    if driving.program() is None:
        unavailable("Chromium is not installed (Debian package chromium)")
    if not (BUILT / "index.html").is_file() or not AXE.is_file():
        unavailable("the web page is not built (make ui)")
    with driving.chromium() as browser:
        yield browser


@pytest.fixture(scope="session")
def installation(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """One server for all tests of this process; tests that change things make a project of their own in it."""
    with installed(tmp_path_factory.mktemp("browser") / "data") as found:
        yield found


@pytest.fixture(scope="session")
def sessions(chromium: Browser, installation: Installation) -> Callable[[Role], StorageState]:
    """The cookies of somebody of a role, who signs in once."""
    known: dict[Role, StorageState] = {}

    def session(role: Role) -> StorageState:
        if role not in known:
            known[role] = driving.session(chromium, installation.url, email=email(role), password=PASSWORD)
        return known[role]

    return session


@pytest.fixture
def watch(installation: Installation) -> Iterator[Watch]:
    """Fails the test on any error, breach of policy or foreign request in the pages it opened."""
    watch = Watch(installation.url)
    yield watch
    if watch.found():
        pytest.fail("the browser complains:\n" + "\n".join(watch.found()), pytrace=False)


@pytest.fixture
def open_page(
    chromium: Browser, installation: Installation, sessions: Callable[[Role], StorageState], watch: Watch
) -> Iterator[Callable[..., Page]]:
    """Opens a page: `open_page(path, role=None, theme="light", phone=False)`, signed in where a role is given."""
    contexts: list[BrowserContext] = []

    def make(path: str, *, role: Role | None = None, theme: Theme = "light", phone: bool = False, **more: Any) -> Page:
        options = {**(PHONE if phone else DESKTOP), **more}
        state = sessions(role) if role else None
        context = chromium.new_context(
            base_url=installation.url, color_scheme=theme, storage_state=state, reduced_motion="reduce", **options
        )
        contexts.append(context)
        watch.follow(context)
        page = context.new_page()
        page.goto(path)
        return page

    yield make
    for context in contexts:
        context.close()
