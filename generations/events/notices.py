"""Notices: one sentence for each of some people, kept until they have read it."""

from collections.abc import Iterable

from django.db.models import QuerySet
from django.db.models.functions import Now

from generations.common.ids import uuid7

from .live import announce
from .models import Notice

SHOWN_UNREAD = 99


def notify(*, user_ids: Iterable[int], kind: str, text: str, path: str = "", team_id: int | None = None) -> None:
    """Tell each of the people once, in the transaction of the change itself. `path` is where on this site it leads.

    Pages of the team that they have open hear that there is something new for them.
    """
    told = sorted(set(user_ids))
    Notice.objects.bulk_create(
        Notice(user_id=user_id, team_id=team_id, kind=kind, text=text[:300], path=path) for user_id in told
    )
    if team_id is not None:
        for user_id in told:
            announce(team_id=team_id, kind="notice", subject_id=uuid7(), author_id=user_id)


def notices_of(user_id: int) -> QuerySet[Notice]:
    """Everything that the person has been told, newest first."""
    return Notice.objects.filter(user=user_id).select_related("team").order_by("-id")


def count_unread(user_id: int) -> int:
    """How many the person has not read, up to one more than SHOWN_UNREAD: the bell says no more than that."""
    unread = Notice.objects.filter(user=user_id, read_at__isnull=True)
    return unread[: SHOWN_UNREAD + 1].count()


def mark_read(user_id: int, *notice_ids: int) -> int:
    """Mark these as read, or all when none is named, and return how many were not yet. Others' are left alone."""
    unread = Notice.objects.filter(user=user_id, read_at__isnull=True)
    return (unread.filter(pk__in=notice_ids) if notice_ids else unread).update(read_at=Now())
