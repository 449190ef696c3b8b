"""A member runs out, asks; the owner, at another screen, approves; the same form then goes through."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.stack import StackProcess

from .conftest import DEMO_PASSWORD, choose
from .pages import look_at


def sign_in(page: Page, studio: StackProcess, email: str) -> None:
    page.goto(f"{studio.url}/account/login/")
    page.fill("input[name=login]", email)
    page.fill("input[name=password]", DEMO_PASSWORD)
    page.press("input[name=password]", "Enter")
    expect(page.get_by_role("link", name="Gallery").first).to_be_visible()


@pytest.fixture
def screens(browser: Browser, studio: StackProcess) -> Iterator[tuple[Page, Page]]:
    """Two people at once: the creator and the owner."""
    contexts = [browser.new_context() for _ in range(2)]
    pages = [context.new_page() for context in contexts]
    for page, email in zip(pages, ("creator@example.com", "owner@example.com"), strict=True):
        sign_in(page, studio, email)
    yield pages[0], pages[1]
    for context in contexts:
        context.close()


def cap_creators(owner: Page, studio: StackProcess, cap: str) -> None:
    owner.goto(f"{studio.url}/t/demo/credits/quotas/role/creator/")
    owner.get_by_label("Credit limit", exact=True).fill(cap)
    owner.get_by_label("Period", exact=True).select_option("day")
    owner.get_by_role("button", name="Save").click()
    expect(owner.get_by_text("Limits saved.")).to_be_visible()


def test_out_of_quota_ask_approve_go_on(screens: tuple[Page, Page], studio: StackProcess, still: Path) -> None:
    creator, owner = screens
    cap_creators(owner, studio, "5")

    creator.goto(f"{studio.url}/t/demo/studio/")
    creator.set_input_files("#id_first_frame_file", still)
    expect(creator.locator("image-slot[data-name=first_frame] img").first).to_be_visible()
    creator.get_by_label("Prompt").fill("The tide turns, and so does the light.")
    choose(creator, "model", "ltx-2-3-fast")
    choose(creator, "resolution", "1280x720")
    expect(creator.locator("#generate")).to_contain_text("18 credits")
    creator.locator("#generate").click()
    notice = creator.get_by_role("alert").filter(has_text="Not enough credits")
    expect(notice).to_contain_text("This job needs 18 credits. Your role's limit has 5 credits left.")
    look_at(creator, "shortage")
    creator.get_by_label("Reason").fill("The tide, for the trailer.")
    creator.get_by_role("button", name="Send request").click()
    expect(creator.locator("#request-panel")).to_contain_text("You requested")
    expect(creator.get_by_label("Prompt")).to_have_value("The tide turns, and so does the light.")

    owner.goto(f"{studio.url}/t/demo/credits/requests/")
    expect(owner.get_by_text("The tide, for the trailer.")).to_be_visible()
    look_at(owner, "credit-request")
    owner.locator(".decision-form input[name=amount]").first.fill("200")
    owner.get_by_role("button", name=re.compile("^Approve")).click()
    expect(owner.get_by_text("Approved: +200 credits")).to_be_visible()

    creator.locator("#generate").click()
    expect(creator).to_have_url(re.compile(r"/t/demo/jobs/"))
    expect(creator.locator(".job").first).to_contain_text("The tide turns")
    creator.goto(f"{studio.url}/notices/")
    expect(creator.get_by_text("+200 credits in Demo").first).to_be_visible()

    cap_creators(owner, studio, "")
