"""What follows a promotion, on the pages: a watch that ends or takes a version back, a shadow, snapshots, lineage."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from sightloop.core.ids import new_id
from sightloop.flows import registry, watching
from sightloop.flows.access import OPERATOR, project_for
from sightloop.store import mishaps, watches
from tests import tiny
from tests.browser.driving import Theme, settle
from tests.browser.installed import Installation
from tests.browser.watching import Watch, axe

OpenPage = Callable[..., Page]
ASKED = 120_000  # milliseconds until a job has asked a version


@pytest.fixture
def pair(installation: Installation) -> str:
    """A project with a live version and a second one that has never heard of blue."""
    name = installation.project(each=4)
    services = installation.services
    packed = services.blobs.incoming / new_id()
    bundle = tiny.packed(services.data / "tmp" / new_id(), packed, ("red", "green"))
    services.blobs.adopt(packed, bundle)
    project = project_for(services, user=OPERATOR, name=name, action="view")
    with services.db.begin() as db:
        registry.enlist(
            db, project, bundle=bundle, family="linear", params={}, metrics={}, snapshot_id=None, by=OPERATOR.id
        )
    return name


def promote(page: Page) -> None:
    """Put version 2 live from its row, for a reason."""
    page.get_by_role("button", name="Promote version 2").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Why").fill("We no longer sort blue things")
    dialog.get_by_role("button", name="Promote version 2").click()
    expect(dialog).to_have_count(0)


def break_it(installation: Installation, name: str) -> None:
    """The live version fails often enough to be taken back."""
    services = installation.services
    project = project_for(services, user=OPERATOR, name=name, action="view")
    with services.db.begin() as db:
        what = [f"picture {number}: it ran out of memory." for number in range(60)]
        mishaps.add(db, project.id, version_id=project.live_version_id or "", what=what)
    watching.look(services)


def test_a_promotion_is_watched_and_its_watch_ends_only_for_a_reason(open_page: OpenPage, pair: str) -> None:
    page = open_page(f"/p/{pair}/models", role="maintainer")
    expect(page.get_by_text("No version has replaced another one yet")).to_be_visible()
    promote(page)
    panel = page.get_by_role("region", name="Version 2 is being watched")
    expect(panel).to_contain_text("0 of 500 answers")
    panel.get_by_role("button", name="End the watch").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("button", name="End it")).to_have_attribute("title", re.compile("Say why"))
    dialog.get_by_label("Why").fill("It was looked at by hand")
    dialog.get_by_role("button", name="End it").click()
    ended = page.get_by_role("region", name="The watch of version 2 was ended")
    expect(ended).to_contain_text("Ended by hand: It was looked at by hand")


def test_a_version_that_fails_goes_back_by_itself_and_the_page_says_what_broke(
    open_page: OpenPage, installation: Installation, pair: str
) -> None:
    page = open_page(f"/p/{pair}/models", role="maintainer")
    promote(page)
    expect(page.get_by_role("heading", name="Version 2 is being watched")).to_be_visible()
    break_it(installation, pair)
    panel = page.get_by_role("region", name="Version 2 was rolled back by itself")
    expect(panel.get_by_role("listitem").filter(has_text="Failures")).to_contain_text("failed: ")
    expect(page.get_by_role("heading", name="Version 1", exact=True)).to_be_visible()
    row = page.get_by_role("region", name="Log", exact=True).get_by_role(
        "row", name=re.compile("by itself rolled back")
    )
    row.get_by_text("Evidence").click()
    expect(row.get_by_text("Failures")).to_be_visible()
    assert axe(page) == []


def test_a_version_in_shadow_answers_the_same_pictures_unseen_until_it_is_ended(
    open_page: OpenPage, pair: str, installation: Installation
) -> None:
    page = open_page(f"/p/{pair}/models", role="maintainer")
    page.get_by_role("button", name="Try version 2 in shadow").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("The gate has not judged it against version 1 and is not asked")
    begin = dialog.get_by_role("button", name="Try it in shadow")
    expect(begin).to_have_attribute("title", re.compile("Say why"))
    assert axe(page) == []
    dialog.get_by_label("Why").fill("It is half as large")
    begin.click()
    panel = page.get_by_role("region", name="Version 2 is tried in shadow")
    expect(panel).to_contain_text("12 of 200 answers", timeout=ASKED)
    with installation.client() as ada:
        shown = ada.get(f"/api/v1/projects/{pair}/images?tab=blue").json()["items"]
        assert ada.get(f"/api/v1/projects/{pair}/models/champion").json()["number"] == 1
    assert len(shown) == 4
    panel.get_by_role("button", name="End the shadow").click()
    page.get_by_role("dialog").get_by_label("Why").fill("There is no hurry")
    page.get_by_role("dialog").get_by_role("button", name="End it").click()
    expect(page.get_by_role("heading", name="The shadow of version 2 was ended")).to_be_visible()


def test_taking_back_a_shadow_leaves_the_watch_of_the_live_version_alone(
    open_page: OpenPage, installation: Installation, pair: str, watch: Watch
) -> None:
    watch.allow("status of 409")
    page = open_page(f"/p/{pair}/models", role="maintainer")
    promote(page)
    page.get_by_role("button", name="Try version 1 in shadow").click()
    page.get_by_role("dialog").get_by_label("Why").fill("Was it better?")
    page.get_by_role("dialog").get_by_role("button", name="Try it in shadow").click()
    expect(page.get_by_role("heading", name="Version 1 is tried in shadow")).to_be_visible()
    project = project_for(installation.services, user=OPERATOR, name=pair, action="view")
    with installation.services.db.begin() as db:
        shadow = next(one for one in watches.open(db, project.id) if one.kind == "shadow")
        watches.end(db, shadow, state="refused", report=shadow.report | {"sentence": "It stays out."})
    panel = page.get_by_role("region", name="Version 2 is being watched")
    expect(panel.get_by_text("Earlier ones (1)")).to_be_visible()
    undo = page.get_by_role("button", name="Undo")
    expect(undo).to_have_count(1)  # the message before it has faded
    undo.click()
    expect(page.get_by_text("version 1 of project", exact=False).first).to_contain_text("answers in shadow")
    expect(page.get_by_role("heading", name="Version 2 is being watched")).to_be_visible()


def test_taking_back_a_promotion_that_went_back_by_itself_puts_nothing_live(
    open_page: OpenPage, installation: Installation, pair: str, watch: Watch
) -> None:
    watch.allow("status of 409")
    page = open_page(f"/p/{pair}/models", role="maintainer")
    promote(page)
    expect(page.get_by_role("heading", name="Version 2 is being watched")).to_be_visible()
    break_it(installation, pair)
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("version 2 was taken back already", exact=False)).to_be_visible()
    assert project_for(installation.services, user=OPERATOR, name=pair, action="view").live_version_id is not None
    expect(page.get_by_role("heading", name="Version 1", exact=True)).to_be_visible()


def test_a_reviewer_is_told_why_she_cannot_end_or_try(open_page: OpenPage, pair: str) -> None:
    page = open_page(f"/p/{pair}/models", role="reviewer")
    why = re.compile("needs the role maintainer")
    expect(page.get_by_role("button", name="Try version 2 in shadow")).to_have_attribute("title", why)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_while_a_version_is_watched(open_page: OpenPage, pair: str, theme: Theme) -> None:
    page = open_page(f"/p/{pair}/models", role="maintainer", theme=theme)
    promote(page)
    expect(page.get_by_role("heading", name="Version 2 is being watched")).to_be_visible()
    settle(page)
    assert axe(page) == []
