"""Every page in light, dark and on a phone: looked at by axe, and kept as pictures for people."""

from io import BytesIO

import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from project.env import ROOT
from tests.stack import StackProcess, manage

PICTURES = ROOT / ".artifacts" / "screenshots"
# The README's picture: docs/screenshot.webp is a copy of it.
SHOWN = ("gallery", "dark")
LOOKS = {
    "light": {"viewport": {"width": 1360, "height": 900}, "color_scheme": "light"},
    "dark": {"viewport": {"width": 1360, "height": 900}, "color_scheme": "dark"},
    "phone": {"viewport": {"width": 360, "height": 800}, "color_scheme": "light"},
}
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
    "webhooks": "/t/demo/webhooks/",
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
def gallery(studio: StackProcess) -> str:
    """Takes to look at, without waiting for renders."""
    seeded = manage("seed_gallery", "--team", "demo", "--count", "30", data_dir=studio.data_dir)
    assert seeded.returncode == 0, seeded.stderr
    return studio.url


def visit(page: Page, url: str, name: str, look: str) -> None:
    page.goto(url)
    look_at(page, name, look)


def look_at(page: Page, name: str, look: str) -> None:
    page.wait_for_load_state("load")
    PICTURES.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=PICTURES / f"{name}-{look}.png", full_page=True)
    if (name, look) == SHOWN:
        keep_small(page.screenshot())
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), f"{name} scrolls sideways"
    faults = [fault for fault in Axe().run(page).response["violations"] if fault["impact"] in ("serious", "critical")]
    assert [(fault["id"], [node["target"] for node in fault["nodes"]]) for fault in faults] == []


def keep_small(picture: bytes) -> None:
    with Image.open(BytesIO(picture)) as image:
        image.thumbnail((1024, 1024), Image.Resampling.LANCZOS)
        image.save(PICTURES.parent / "screenshot.webp", quality=80)


def make_webhook(page: Page, studio: str) -> str:
    """A webhook to where nobody listens, with a test that failed; the outcome appears by itself."""
    page.goto(f"{studio}/t/demo/webhooks/new")
    page.get_by_label("Address").fill("http://127.0.0.1:9/hook")
    page.get_by_role("button", name="Make the webhook").click()
    page.get_by_role("button", name="Send a test").click()
    expect(page.locator("#deliveries")).to_contain_text("Given up")
    return page.url


@pytest.mark.parametrize("look", LOOKS)
def test_a_visitors_pages(look: str, browser: Browser, studio: StackProcess) -> None:
    context = browser.new_context(**LOOKS[look])
    page = context.new_page()
    for name, path in SIGNED_OUT.items():
        visit(page, studio.url + path, name, look)
    context.close()


@pytest.mark.parametrize("look", LOOKS)
def test_a_members_pages(look: str, browser: Browser, gallery: str) -> None:
    context = browser.new_context(**LOOKS[look])
    page = context.new_page()
    page.goto(f"{gallery}/account/login/")
    page.fill("input[name=login]", "owner@example.com")
    page.fill("input[name=password]", "dailies-demo")
    page.press("input[name=password]", "Enter")
    expect(page.get_by_role("link", name="Gallery").first).to_be_visible()
    for name, path in SIGNED_IN.items():
        visit(page, gallery + path, name, look)
    page.goto(f"{gallery}/t/demo/gallery/")
    take = page.locator("main a[href*='/takes/']").first.get_attribute("href")
    visit(page, f"{gallery}{take}", "take", look)
    visit(page, make_webhook(page, gallery), "webhook", look)
    page.locator("#deliveries a").first.click()
    visit(page, page.url, "webhook-delivery", look)
    page.goto(f"{gallery}/t/demo/keys/new")
    page.get_by_label("Name").fill("Render farm")
    page.get_by_label("Generate:").check()
    page.get_by_role("button", name="Make the key").click()
    look_at(page, "key-secret", look)
    page.get_by_role("link", name="I have it").click()
    look_at(page, "key", look)
    visit(page, f"{gallery}/t/demo/keys/", "keys", look)
    context.close()
