"""Notifications: one sentence for each of some users, kept until they have read it."""

from collections.abc import Iterable

from django.db.models import QuerySet
from django.db.models.functions import Now

from generations.common.ids import uuid7

from .live import announce
from .models import Notification

MAX_SHOWN_UNREAD = 99


def notify(*, user_ids: Iterable[int], kind: str, text: str, path: str = "", team_id: int | None = None) -> None:
    """Create a notification for each of the users, in the transaction of the change itself.

    `path` is the page of this site that it links to. Open pages of the team update their count.
    """
    recipients = sorted(set(user_ids))
    Notification.objects.bulk_create(
        Notification(user_id=user_id, team_id=team_id, kind=kind, text=text[:300], path=path) for user_id in recipients
    )
    if team_id is not None:
        for user_id in recipients:
            announce(team_id=team_id, kind="notice", subject_id=uuid7(), author_id=user_id)


def notifications_of(user_id: int) -> QuerySet[Notification]:
    """Return all notifications of the user, newest first."""
    return Notification.objects.filter(user=user_id).select_related("team").order_by("-id")


def count_unread(user_id: int) -> int:
    """Count unread notifications, up to MAX_SHOWN_UNREAD + 1: pages show no higher number."""
    unread = Notification.objects.filter(user=user_id, read_at__isnull=True)
    return unread[: MAX_SHOWN_UNREAD + 1].count()


def mark_read(user_id: int, *notification_ids: int) -> int:
    """Mark these of the user's notifications as read, or all when none is given. Return how many were unread."""
    unread = Notification.objects.filter(user=user_id, read_at__isnull=True)
    return (unread.filter(pk__in=notification_ids) if notification_ids else unread).update(read_at=Now())
