"""The product as a person meets it: every process of `make run`, and a real Chromium."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import BrowserContext, Page, expect

from tests.fakes.identity import IdentityProvider
from tests.stack import StackProcess, manage

DEMO_PASSWORD = "dailies-demo"
# Whom the provider of single sign-on lets in.
PERSON = {"sub": "user-42", "email": "dora@example.com", "email_verified": True, "name": "Dora Marsh"}
# A render takes as long as the machine needs; a test fails only when nothing moves any more.
RENDER_MS = 180_000
expect.set_options(timeout=30_000)


@pytest.fixture(scope="session")
def identity() -> Iterator[IdentityProvider]:
    with IdentityProvider(PERSON) as provider:
        yield provider


@pytest.fixture(scope="session")
def studio(tmp_path_factory: pytest.TempPathFactory, identity: IdentityProvider) -> Iterator[StackProcess]:
    """One for all stories; after the last of them every statement still sums up to its balance."""
    given = {
        "OIDC_ISSUER_URL": identity.base_url,
        "OIDC_CLIENT_ID": identity.client_id,
        "OIDC_CLIENT_SECRET": identity.client_secret,
        "OIDC_NAME": "Harbour ID",
        "OIDC_TRUST_EMAIL": "true",
    }
    with StackProcess(tmp_path_factory.mktemp("studio") / "data", **given) as stack:
        yield stack
        books = manage("audit_books", data_dir=stack.data_dir)
        assert books.returncode == 0, books.stdout


@pytest.fixture(scope="session")
def gallery(studio: StackProcess) -> str:
    """Takes to look at, without waiting for renders."""
    seeded = manage("seed_gallery", "--team", "demo", "--count", "12", data_dir=studio.data_dir)
    assert seeded.returncode == 0, seeded.stderr
    return studio.url


@pytest.fixture(scope="session")
def still(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A picture with detail everywhere, so that any camera move changes every part of the frame."""
    y, x = np.mgrid[0:900, 0:1600]
    waves = np.sin(x / 37) * np.cos(y / 29)
    pixels = np.stack([90 + 60 * waves, 110 + 40 * np.sin((x + y) / 61), 140 + y / 12], axis=-1)
    path = tmp_path_factory.mktemp("stills") / "harbour.jpg"
    Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(path, quality=92)
    return path


@pytest.fixture
def complaints(context: BrowserContext) -> Iterator[list[str]]:
    """What the browser's console said; nothing may stand in it, least of all a violated content policy."""
    said: list[str] = []
    context.on("weberror", lambda error: said.append(str(error.error)))
    context.on("console", lambda message: said.append(message.text) if message.type in ("error", "warning") else None)
    yield said
    # A refused submit is a failed request to the console and meant to be; htmx also logs what a new page cut off,
    # while whatever really fails is logged by the browser itself as well.
    assert [text for text in said if not re.search(r"status of (402|422)|^htmx:", text)] == []


@pytest.fixture
def sign_in(page: Page, studio: StackProcess) -> Callable[[str], None]:
    def go(email: str, password: str = DEMO_PASSWORD) -> None:
        page.goto(f"{studio.url}/account/login/")
        page.get_by_label("Email").fill(email)
        page.get_by_label("Password", exact=True).fill(password)
        page.get_by_label("Password", exact=True).press("Enter")
        expect(page.get_by_role("link", name="Gallery").first).to_be_visible()

    return go


def choose(page: Page, name: str, value: str) -> None:
    """Click the chip as a person does. A change renews the options, so the next chip may be replaced under the mouse:
    the label's click waits until it stands still, which a forced one would not."""
    chip = page.locator(f"label:has(input[name={name}][value='{value}'])")
    chip.click()
    expect(chip.locator("input")).to_be_checked()
