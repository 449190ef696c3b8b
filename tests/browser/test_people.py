"""The owner invites, somebody without an account joins, and both are at work at the same time."""

import re
import time
from collections.abc import Callable

from playwright.sync_api import Browser, Page, expect

from tests.stack import StackProcess

from .pages import look_at

SECONDS = 30


def letter_to(studio: StackProcess, address: str) -> str:
    """The link in the letter, which stands in the log, since nobody has named a mail server."""
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        if found := re.search(rf"To: {re.escape(address)}.*?(/invitations/[\w-]+)", studio.output, re.DOTALL):
            return found[1]
        time.sleep(0.1)
    raise AssertionError(f"no letter to {address}")


def test_an_owner_invites_and_the_invited_join_with_a_new_account(
    page: Page,
    studio: StackProcess,
    sign_in: Callable[[str], None],
    browser: Browser,
    complaints: list[str],
) -> None:
    sign_in("owner@example.com")
    page.get_by_role("button", name="Team menu: Demo").click()
    page.get_by_role("link", name="Members").click()
    page.get_by_label("Email address").fill("ines@example.com")
    page.get_by_role("button", name="Send invitation").click()
    expect(page.get_by_text("Invitation sent to ines@example.com.")).to_be_visible()
    expect(page.get_by_role("row").filter(has_text="ines@example.com")).to_contain_text("0 of 1")

    theirs = browser.new_context()
    guest = theirs.new_page()
    guest.goto(studio.url + letter_to(studio, "ines@example.com"))
    expect(guest.get_by_role("heading", name="Join Demo")).to_be_visible()
    assert guest.url.endswith("/invitations/")
    look_at(guest, "invitation")
    guest.get_by_label("Your name").fill("Ines")
    guest.get_by_label("Password").fill("correct-horse-battery")
    guest.get_by_role("button", name="Create account and join").click()
    expect(guest).to_have_url(re.compile(r"/t/demo/studio/"))
    expect(guest.locator("#generate")).to_be_visible()

    page.reload()
    bell = page.get_by_role("link", name=re.compile(r"Notifications, \d+ unread"))
    expect(bell).to_be_visible()
    row = page.get_by_role("row").filter(has_text="ines@example.com")
    row.get_by_text("Deactivate").first.click()
    row.get_by_role("button", name="Deactivate Ines").click()
    expect(page.get_by_text("Ines was deactivated.")).to_be_visible()
    guest.reload()
    expect(guest.get_by_text("Sign in").first).to_be_visible()
    theirs.close()

    bell.click()
    page.get_by_role("button", name=re.compile("View.*Ines joined Demo")).click()
    expect(page.get_by_role("heading", name="Members")).to_be_visible()
    page.get_by_role("button", name="Team menu: Demo").click()
    page.get_by_role("link", name="Audit log").click()
    expect(page.get_by_role("row").filter(has_text="Member: deactivated")).to_contain_text("ines@example.com")
