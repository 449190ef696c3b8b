"""Sign-in sessions: list and end them, and find the member behind a session cookie."""

from importlib import import_module

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth import get_user
from django.http import HttpRequest

from generations.common.errors import NotFoundError
from generations.events.live import revalidate_subscribers

from .access import access_team
from .models import Membership, User


def access_team_by_session(session_key: str, slug: str) -> Membership:
    """Return the membership of the session's user. Raises NotFoundError as `access_team` does.

    For processes without Django's middleware.
    """
    request = HttpRequest()
    request.session = import_module(settings.SESSION_ENGINE).SessionStore(session_key)
    return access_team(get_user(request), slug)


def sessions_of(user: User) -> list[UserSession]:
    """Return the user's sessions, newest first. Deletes expired ones."""
    live: list[UserSession] = UserSession.objects.purge_and_list(user)
    return sorted(live, key=lambda session: (session.last_seen_at, session.pk), reverse=True)


def end_session(*, user: User, session_id: int) -> None:
    """Sign the user out of one session. Raises NotFoundError for a session of another user."""
    session = UserSession.objects.filter(user=user, pk=session_id).first()
    if session is None:
        raise NotFoundError
    session.end()
    revalidate_streams(user)


def end_sessions(*, user: User, keep: str | None = None) -> int:
    """Sign the user out of all sessions except the one with the key `keep`. Return the number of ended sessions."""
    ended = list(UserSession.objects.filter(user=user).exclude(session_key=keep or ""))
    for session in ended:
        session.end()
    revalidate_streams(user)
    return len(ended)


def revalidate_streams(user: User) -> None:
    """Recheck the user's open event streams, in every team they are or were in."""
    revalidate_subscribers(*Membership.objects.filter(user=user).values_list("team", flat=True))
