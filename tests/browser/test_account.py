"""The account area in a real browser: passkeys, a second factor, single sign-on, and every page looked at by axe."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.stack import StackProcess
from tests.web.authenticator_app import code_now

from .conftest import DEMO_PASSWORD
from .pages import steady_context, visit

PAGES = {
    "account-profile": "/account/",
    "account-email": "/account/email/",
    "account-password": "/account/password/change/",
    "account-two-factor": "/account/two-factor/",
    "account-totp": "/account/two-factor/totp/activate/",
    "account-passkey": "/account/two-factor/webauthn/add/",
    "account-sessions": "/account/sessions/",
    "account-connections": "/account/connections/",
    "account-data": "/account/data/",
    "account-delete": "/account/delete/",
}
AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


def enter(page: Page, studio: StackProcess, email: str) -> None:
    page.goto(f"{studio.url}/account/login/")
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password", exact=True).fill(DEMO_PASSWORD)
    page.get_by_label("Password", exact=True).press("Enter")


def prove(page: Page) -> None:
    """Say the password again when it is asked for."""
    expect(page.get_by_role("heading", name="Confirm it's you")).to_be_visible()
    page.get_by_label("Password", exact=True).fill(DEMO_PASSWORD)
    page.get_by_role("button", name="Continue").click()


def with_authenticator(page: Page) -> None:
    """Give the page a device that holds passkeys and always says yes."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    session.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})


def sign_out(page: Page, studio: StackProcess) -> None:
    page.goto(f"{studio.url}/account/logout/")
    page.locator("main").get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_a_passkey_signs_in_alone(page: Page, studio: StackProcess, complaints: list[str]) -> None:
    with_authenticator(page)
    enter(page, studio, "creator@example.com")
    expect(page.get_by_role("link", name="Gallery").first).to_be_visible()
    page.goto(f"{studio.url}/account/two-factor/webauthn/add/")
    prove(page)
    page.get_by_label("Name").fill("The desk’s key")
    expect(page.get_by_label("Use as passwordless sign-in")).to_be_checked()
    page.get_by_role("button", name="Add passkey").click()
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
    page.goto(f"{studio.url}/account/two-factor/")
    expect(page.locator("main")).to_contain_text("The desk’s key")
    expect(page.locator("main")).to_contain_text("Passwordless")

    sign_out(page, studio)
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_role("link", name="Gallery").first).to_be_visible()

    # And as a second factor, after the password.
    sign_out(page, studio)
    enter(page, studio, "creator@example.com")
    expect(page.get_by_role("heading", name="Two-factor sign-in")).to_be_visible()
    page.get_by_role("button", name="Use a passkey or security key").click()
    expect(page.get_by_role("link", name="Gallery").first).to_be_visible()

    page.goto(f"{studio.url}/account/two-factor/")
    page.get_by_role("link", name="Remove The desk’s key").click()
    if page.get_by_role("heading", name="Confirm it's you").is_visible():
        prove(page)
    page.get_by_role("button", name="Remove passkey").click()
    expect(page.locator("#messages")).to_contain_text("Passkey removed.")


def test_a_passkey_that_is_turned_down_is_said_in_words(page: Page, studio: StackProcess) -> None:
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    options = {**AUTHENTICATOR, "isUserVerified": False}
    session.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    page.goto(f"{studio.url}/account/login/")
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.locator("#messages")).to_contain_text("The passkey request was canceled or timed out")


def test_the_apps_code_is_asked_for_after_the_password(page: Page, studio: StackProcess, complaints: list[str]) -> None:
    enter(page, studio, "reviewer@example.com")
    expect(page.get_by_role("link", name="Gallery").first).to_be_visible()
    page.goto(f"{studio.url}/account/two-factor/totp/activate/")
    prove(page)
    picture = page.get_by_role("img", name="QR code")
    assert picture.evaluate("image => image.complete && image.naturalWidth > 0")
    secret = page.locator("code.secret").inner_text()
    page.get_by_label("Authenticator code").fill(code_now(secret))
    page.get_by_role("button", name="Turn on").click()
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
    recovery = page.locator(".recovery-codes code").first.inner_text()
    sign_out(page, studio)
    enter(page, studio, "reviewer@example.com")
    page.get_by_label("Code").fill(recovery)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("link", name="Gallery").first).to_be_visible()

    page.goto(f"{studio.url}/account/two-factor/")
    page.get_by_role("link", name="Turn off").click()
    prove(page)
    page.get_by_role("button", name="Turn off").click()
    expect(page.locator("main")).to_contain_text("Off. Use an authenticator app on your phone.")


def test_single_sign_on_under_the_content_policy(page: Page, studio: StackProcess, complaints: list[str]) -> None:
    page.goto(f"{studio.url}/account/login/")
    page.get_by_role("button", name="Sign in with Harbour ID").click()
    expect(page.locator("#generate")).to_be_visible()
    page.goto(f"{studio.url}/account/connections/")
    expect(page.locator("main")).to_contain_text("Harbour ID")
    page.goto(f"{studio.url}/account/password/change/")
    expect(page).to_have_url(re.compile("password/set"))


def test_data_is_downloaded_and_the_account_deleted(
    page: Page, studio: StackProcess, complaints: list[str], tmp_path: Path
) -> None:
    page.goto(f"{studio.url}/account/login/")
    page.get_by_role("button", name="Sign in with Harbour ID").click()
    expect(page.locator("#generate")).to_be_visible()
    page.goto(f"{studio.url}/account/data/")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download my data").click()
    download.value.save_as(tmp_path / "account.json")
    assert "dora@example.com" in (tmp_path / "account.json").read_text()
    page.get_by_role("link", name="Delete my account").click()
    page.get_by_label("Type your email address").fill("dora@example.com")
    page.get_by_role("button", name="Permanently delete my account").click()
    expect(page.locator("#messages")).to_contain_text("Your account was deleted.")


@pytest.fixture
def plain_page(browser: Browser) -> Any:
    context = browser.new_context(java_script_enabled=False)
    yield context.new_page()
    context.close()


def test_the_account_works_without_scripts(plain_page: Page, studio: StackProcess) -> None:
    page = plain_page
    enter(page, studio, "owner@example.com")
    page.wait_for_url(re.compile("/t/demo/"))
    page.goto(f"{studio.url}/account/login/")
    page.goto(f"{studio.url}/account/")
    page.get_by_label("Name").fill("Olive")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#messages")).to_contain_text("Name saved.")
    page.goto(f"{studio.url}/account/two-factor/webauthn/add/")
    prove(page)
    expect(page.locator("main")).to_contain_text("Passkeys need JavaScript")
    expect(page.get_by_role("button", name="Add passkey")).to_be_hidden()


def test_keys_alone_reach_every_page(page: Page, studio: StackProcess) -> None:
    enter(page, studio, "owner@example.com")
    expect(page.get_by_role("link", name="Gallery").first).to_be_visible()
    page.goto(f"{studio.url}/account/")
    page.get_by_role("link", name="Profile").focus()
    reached = []
    for _ in range(6):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.textContent.trim()"))
    assert reached == ["Email", "Password", "Two-factor", "Sessions", "Connected accounts", "Your data"]
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Your data", exact=True)).to_be_visible()


@pytest.fixture(scope="module")
def owner(browser: Browser, studio: StackProcess) -> Iterator[Page]:
    """Asked once more who they are, and then let in everywhere."""
    with steady_context(browser) as context:
        page = context.new_page()
        enter(page, studio, "owner@example.com")
        expect(page.get_by_role("link", name="Gallery").first).to_be_visible()
        visit(page, f"{studio.url}/account/reauthenticate/?next=/account/", "account-is-it-you")
        prove(page)
        expect(page.get_by_role("heading", name="Profile")).to_be_visible()
        yield page


@pytest.mark.parametrize("name", PAGES)
def test_a_page_of_the_account(name: str, owner: Page, studio: StackProcess) -> None:
    visit(owner, studio.url + PAGES[name], name)
