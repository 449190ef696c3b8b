from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generations.accounts.models import Team, User
from generations.common.pagination import BadCursorError, keyset_page
from generations.media.models import Asset

START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def rows(team: Team, alice: User) -> list[Asset]:
    """Thirteen rows, many of them of the same moment."""
    assets = [
        Asset(
            team=team, kind="still", name=str(n), mime="image/png", sha256=f"{n:064}", bytes=1, width=1, height=1,
            created_at=START + timedelta(seconds=n // 5),
        )
        for n in range(13)
    ]  # fmt: skip
    return Asset.objects.bulk_create(assets)


@pytest.mark.parametrize("size", [1, 2, 3, 5, 12, 13, 14])
def test_every_row_comes_once_newest_first(rows: list[Asset], size: int) -> None:
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


def test_a_row_that_comes_meanwhile_moves_nothing(rows: list[Asset], team: Team) -> None:
    first = keyset_page(Asset.objects.all(), cursor=None, size=5)
    Asset.objects.create(
        team=team, kind="still", name="new", mime="image/png", sha256="f" * 64, bytes=1, width=1, height=1
    )
    second = keyset_page(Asset.objects.all(), cursor=first.next_cursor, size=20)
    assert len(second.rows) == 8


def test_no_rows_are_one_empty_page(db: None) -> None:
    page = keyset_page(Asset.objects.all(), cursor=None, size=5)
    assert (page.rows, page.next_cursor) == ([], None)


@given(st.text())
def test_a_cursor_that_is_not_ours_is_refused(cursor: str) -> None:
    if cursor:
        with pytest.raises(BadCursorError):
            keyset_page(Asset.objects.none(), cursor=cursor, size=5)
