"""What is asked of every page: no serious fault that axe finds, nothing wider than the screen, and its pictures kept.

A page is fetched once and shown in each look, since theme and width are media queries.
"""

from io import BytesIO
from typing import Any, Literal

from axe_playwright_python.base import AXE_SCRIPT
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize

from project.env import ROOT

PICTURES = ROOT / ".artifacts" / "screenshots"
# The README's picture: docs/screenshot.webp is a copy of it.
SHOWN = ("gallery", "dark")
WIDE = ViewportSize(width=1360, height=900)
PHONE = ViewportSize(width=360, height=800)
EVERY_RULE: dict[str, Any] = {"resultTypes": ["violations"]}
# The scheme changes colours and nothing else, so the rest need not be asked again in the dark.
COLOURS: dict[str, Any] = {**EVERY_RULE, "runOnly": ["color-contrast", "link-in-text-block"]}
LOOKS: dict[str, tuple[Literal["light", "dark"], ViewportSize, dict[str, Any]]] = {
    "dark": ("dark", WIDE, COLOURS),
    "phone": ("light", PHONE, EVERY_RULE),
    "light": ("light", WIDE, EVERY_RULE),
}


def steady_context(browser: Browser) -> BrowserContext:
    """Nothing moves and no colour fades, so that a look is final once it is set."""
    return browser.new_context(viewport=WIDE, color_scheme="light", reduced_motion="reduce")


def visit(page: Page, url: str, name: str) -> None:
    page.goto(url)
    look_at(page, name)


def look_at(page: Page, name: str) -> None:
    page.wait_for_load_state("load")
    page.evaluate("scrollTo(0, 0)")
    page.evaluate(AXE_SCRIPT)
    for look, (scheme, size, rules) in LOOKS.items():
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        page.set_viewport_size(size)
        keep(page, name, look)
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), f"{name} scrolls sideways"
        assert faults_of(page, rules) == [], f"{name} in {look}"


def faults_of(page: Page, rules: dict[str, Any]) -> list[tuple[str, list[str]]]:
    """What axe finds serious, as pairs of a rule and where it is broken."""
    found = page.evaluate("options => axe.run(options).then(result => result.violations)", rules)
    grave = [fault for fault in found if fault["impact"] in ("serious", "critical")]
    return [(fault["id"], [node["target"] for node in fault["nodes"]]) for fault in grave]


def keep(page: Page, name: str, look: str) -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=PICTURES / f"{name}-{look}.jpg", full_page=True, type="jpeg", quality=80)
    if (name, look) == SHOWN:
        keep_small(page.screenshot())


def keep_small(picture: bytes) -> None:
    with Image.open(BytesIO(picture)) as image:
        image.thumbnail((1024, 1024), Image.Resampling.LANCZOS)
        image.save(PICTURES.parent / "screenshot.webp", quality=80)
