"""Every page in light, dark and on a phone: looked at by axe, and kept as pictures for people."""

import re
from collections.abc import Iterator
from itertools import combinations

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.stack import StackProcess

from .conftest import DEMO_PASSWORD
from .pages import PHONE, look_at, steady_context, visit

SIGNED_OUT = {
    "home": "/",
    "sign-in": "/account/login/",
    "sign-up": "/account/signup/",
    "password-reset": "/account/password/reset/",
    "api": "/api/v1/docs",
    "not-found": "/nowhere/",
}
SIGNED_IN = {
    "studio": "/t/demo/studio/",
    "jobs": "/t/demo/jobs/",
    "gallery": "/t/demo/gallery/",
    "credits": "/t/demo/credits/",
    "credit-requests": "/t/demo/credits/requests/",
    "quotas": "/t/demo/credits/quotas/",
    "quota": "/t/demo/credits/quotas/role/creator/",
    "credit-report": "/t/demo/credits/report/?by=day",
    "credit-alerts": "/t/demo/credits/alerts/",
    "projects": "/t/demo/projects/",
    "key-new": "/t/demo/keys/new",
    "webhooks-none": "/t/demo/webhooks/",
    "webhook-new": "/t/demo/webhooks/new",
    "people": "/t/demo/people/",
    "team-settings": "/t/demo/settings/",
    "audit": "/t/demo/audit/",
    "leave": "/t/demo/leave",
    "new-team": "/teams/new",
    "notices": "/notices/",
    "site-audit": "/ops/audit/",
    "no-invitation": "/invitations/",
    "addresses": "/account/email/",
    "password": "/account/password/change/",
    "sign-out": "/account/logout/",
    "operations": "/ops/",
    "operations-credits": "/ops/credits/",
    "prices": "/ops/prices/",
    "forbidden": "/t/nowhere/gallery/",
}


@pytest.fixture(scope="module")
def visitor(browser: Browser) -> Iterator[Page]:
    with steady_context(browser) as context:
        yield context.new_page()


@pytest.fixture(scope="module")
def owner(browser: Browser, gallery: str) -> Iterator[Page]:
    """Signed in once for all pages."""
    with steady_context(browser) as context:
        page = context.new_page()
        page.goto(f"{gallery}/account/login/")
        page.get_by_label("Email").fill("owner@example.com")
        page.get_by_label("Password", exact=True).fill(DEMO_PASSWORD)
        page.get_by_label("Password", exact=True).press("Enter")
        expect(page.get_by_role("link", name="Gallery").first).to_be_visible()
        yield page


@pytest.mark.parametrize("name", SIGNED_OUT)
def test_a_visitors_page(name: str, visitor: Page, studio: StackProcess) -> None:
    visit(visitor, studio.url + SIGNED_OUT[name], name)


@pytest.mark.parametrize("name", SIGNED_IN)
def test_a_members_page(name: str, owner: Page, gallery: str) -> None:
    visit(owner, gallery + SIGNED_IN[name], name)


def test_a_take(owner: Page, gallery: str) -> None:
    owner.goto(f"{gallery}/t/demo/gallery/")
    take = owner.locator("main a[href*='/takes/']").first.get_attribute("href")
    visit(owner, f"{gallery}{take}", "take")


def test_a_team_as_site_staff_see_it(owner: Page, gallery: str) -> None:
    owner.goto(f"{gallery}/ops/credits/")
    owner.get_by_role("link", name="Demo", exact=True).click()
    expect(owner).to_have_url(re.compile(r"/ops/credits/teams/\d+/"))
    look_at(owner, "operations-team")


def test_a_webhook_and_a_delivery(owner: Page, gallery: str) -> None:
    visit(owner, make_webhook(owner, gallery), "webhook")
    owner.locator("#deliveries a").first.click()
    visit(owner, owner.url, "webhook-delivery")
    visit(owner, f"{gallery}/t/demo/webhooks/", "webhooks")


def make_webhook(page: Page, studio: str) -> str:
    """A webhook to where nobody listens, with a test that failed; the outcome appears by itself."""
    page.goto(f"{studio}/t/demo/webhooks/new")
    page.get_by_label("Endpoint URL").fill("http://127.0.0.1:9/hook")
    page.get_by_role("button", name="Create webhook").click()
    page.get_by_role("button", name="Send test").click()
    expect(page.locator("#deliveries")).to_contain_text("Failed")
    return page.url


def test_a_key_and_its_secret(owner: Page, gallery: str) -> None:
    owner.goto(f"{gallery}/t/demo/keys/new")
    owner.get_by_label("Name").fill("Render farm")
    owner.get_by_label("Generate:").check()
    owner.get_by_role("button", name="Create key").click()
    expect(owner.get_by_role("link", name="Done")).to_be_visible()
    look_at(owner, "key-secret")
    owner.get_by_role("link", name="Done").click()
    expect(owner.get_by_role("heading", name="Revoke")).to_be_visible()
    look_at(owner, "key")
    visit(owner, f"{gallery}/t/demo/keys/", "keys")


@pytest.mark.parametrize("menu", ["team-menu", "account-menu"])
def test_an_open_menu(menu: str, owner: Page, gallery: str) -> None:
    owner.goto(f"{gallery}/t/demo/gallery/")
    owner.locator(f"[popovertarget={menu}]").click()
    expect(owner.locator(f"#{menu}")).to_be_visible()
    look_at(owner, menu)


HEADER = """
() => [...document.querySelectorAll('.header a, .header > button, .header-end button')]
  .filter(part => part.checkVisibility() && !part.closest('[popover]'))
  .map(part => {
    const box = part.getBoundingClientRect();
    return [part.ariaLabel ?? part.textContent.trim(), [box.left, box.top, box.right, box.bottom]];
  })
"""


def fits(edges: list[float]) -> bool:
    left, top, right, bottom = edges
    return left >= 0 and top >= 0 and right <= PHONE["width"] and bottom <= PHONE["height"]


def overlap(one: list[float], other: list[float]) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def test_the_header_fits_on_a_phone(owner: Page, gallery: str) -> None:
    """Everything beside each other on the screen, the page of the tab marked, and all of it reached by the Tab key."""
    owner.set_viewport_size(PHONE)
    owner.goto(f"{gallery}/t/demo/gallery/")
    expect(owner.locator(".tabs [aria-current=page]")).to_have_text("Gallery")
    parts = owner.evaluate(HEADER)
    assert len(parts) == 9, "the mark, the team, four tabs, the balance, the bell and the account"
    assert [name for name, edges in parts if not fits(edges)] == []
    assert [(one, other) for (one, a), (other, b) in combinations(parts, 2) if overlap(a, b)] == []
    owner.locator(".skip-link").focus()
    reached = []
    for _ in parts:
        owner.keyboard.press("Tab")
        reached.append(owner.evaluate("document.activeElement.ariaLabel ?? document.activeElement.textContent.trim()"))
    assert reached == [name for name, _ in parts]
