"""Where a person is signed in, and who stands behind a session cookie."""

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

    For a process without Django's middleware.
    """
    request = HttpRequest()
    request.session = import_module(settings.SESSION_ENGINE).SessionStore(session_key)
    return access_team(get_user(request), slug)


def sessions_of(user: User) -> list[UserSession]:
    """Every place where the person is signed in, newest first. What has expired is forgotten on the way."""
    live: list[UserSession] = UserSession.objects.purge_and_list(user)
    return sorted(live, key=lambda session: (session.last_seen_at, session.pk), reverse=True)


def end_session(*, user: User, session_id: int) -> None:
    """Sign the person out in one place. Raises NotFoundError for anybody else's."""
    session = UserSession.objects.filter(user=user, pk=session_id).first()
    if session is None:
        raise NotFoundError
    session.end()
    doubt_streams_of(user)


def end_sessions(*, user: User, but: str | None = None) -> int:
    """Sign the person out everywhere, or everywhere but in the session with this key; return in how many places."""
    ended = list(UserSession.objects.filter(user=user).exclude(session_key=but or ""))
    for session in ended:
        session.end()
    doubt_streams_of(user)
    return len(ended)


def doubt_streams_of(user: User) -> None:
    """Have the person's open streams judged anew, in every team that they are or were in."""
    revalidate_subscribers(*Membership.objects.filter(user=user).values_list("team", flat=True))
