from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generations.accounts.models import Team, User
from generations.common.pagination import BadCursorError, keyset_page, numbered_page
from generations.media.models import Asset

START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def rows(team: Team, alice: User) -> list[Asset]:
    """Thirteen rows. Many of them share a time."""
    assets = [
        Asset(
            team=team, kind="still", name=str(n), mime="image/png", sha256=f"{n:064}", bytes=1, width=1, height=1,
            created_at=START + timedelta(seconds=n // 5),
        )
        for n in range(13)
    ]  # fmt: skip
    return Asset.objects.bulk_create(assets)


@pytest.mark.parametrize("size", [1, 2, 3, 5, 12, 13, 14])
def test_every_row_is_on_one_page_newest_first(rows: list[Asset], size: int) -> None:
    seen: list[UUID] = []
    cursor = None
    while True:
        page = keyset_page(Asset.objects.all(), cursor=cursor, size=size)
        assert len(page.rows) <= size
        seen += [row.pk for row in page.rows]
        cursor = page.next_cursor
        if cursor is None:
            break
    expected = sorted(rows, key=lambda row: (row.created_at, row.pk), reverse=True)
    assert seen == [row.pk for row in expected]


def test_a_new_row_does_not_shift_the_next_page(rows: list[Asset], team: Team) -> None:
    first = keyset_page(Asset.objects.all(), cursor=None, size=5)
    Asset.objects.create(
        team=team, kind="still", name="new", mime="image/png", sha256="f" * 64, bytes=1, width=1, height=1
    )
    second = keyset_page(Asset.objects.all(), cursor=first.next_cursor, size=20)
    assert len(second.rows) == 8


def test_without_rows_the_page_is_empty(db: None) -> None:
    page = keyset_page(Asset.objects.all(), cursor=None, size=5)
    assert (page.rows, page.next_cursor) == ([], None)


@pytest.mark.parametrize("size", [1, 3, 4, 5])
@pytest.mark.parametrize("is_newest_first", [True, False])
def test_numbered_pages_follow_the_primary_key(db: None, size: int, is_newest_first: bool) -> None:
    teams = [Team.objects.create(name=f"Team {n}", slug=f"team-{n}") for n in range(4)]
    seen: list[int] = []
    cursor = None
    while True:
        page = numbered_page(Team.objects.all(), cursor=cursor, size=size, is_newest_first=is_newest_first)
        seen += [team.pk for team in page.rows]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert seen == sorted((team.pk for team in teams), reverse=is_newest_first)


@given(st.text())
def test_an_unknown_cursor_is_rejected(cursor: str) -> None:
    if cursor:
        with pytest.raises(BadCursorError):
            keyset_page(Asset.objects.none(), cursor=cursor, size=5)


@pytest.mark.parametrize("cursor", ["x", "-1", "1.5", "9" * 30, "٣", "MS41", "OTIyMzM3MjAzNjg1NDc3NTgwOA"])
def test_an_unknown_cursor_of_numbered_pages_is_rejected(cursor: str) -> None:
    with pytest.raises(BadCursorError):
        numbered_page(Team.objects.none(), cursor=cursor, size=5)
