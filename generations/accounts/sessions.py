"""Who stands behind a session cookie, for a process without Django's middleware."""

from importlib import import_module

from django.conf import settings
from django.contrib.auth import get_user
from django.http import HttpRequest

from .access import access_team
from .models import Membership


def access_team_by_session(session_key: str, slug: str) -> Membership:
    """Return the membership of the session's user. Raises NotFoundError as `access_team` does."""
    request = HttpRequest()
    request.session = import_module(settings.SESSION_ENGINE).SessionStore(session_key)
    return access_team(get_user(request), slug)
