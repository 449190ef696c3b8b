"""Rows that keep up with their jobs."""

from collections.abc import Callable

from playwright.sync_api import Page, Route, expect

CHANGED = "row => row.dispatchEvent(new CustomEvent('changed'))"
ROW = "**/jobs/*/row"


def test_a_change_while_a_row_is_fetched_is_not_lost(page: Page, gallery: str, sign_in: Callable[..., None]) -> None:
    """The first answer may be older than the second change, so the row is fetched once more."""
    sign_in("owner@example.com")
    page.goto(f"{gallery}/t/demo/jobs/?of=everybody")
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route(ROW, hold)
    row = page.locator(".job").first
    with page.expect_request(ROW):
        row.evaluate(CHANGED)
    row.evaluate(CHANGED)
    with page.expect_request(ROW):
        held[0].continue_()
    expect(row).to_be_visible()
