"""Who asks, and whether key and role allow it."""

from django.http import HttpRequest
from django.utils import timezone

from generations.accounts.callers import SCOPE_RIGHTS, Caller
from generations.accounts.keys import key_by_secret, note_use
from generations.accounts.roles import Right
from generations.common.errors import ForbiddenError

from .errors import AuthenticationError


def authenticate(request: HttpRequest) -> Caller:
    """Return the caller that the request's API key belongs to. Raises AuthenticationError."""
    caller = key_by_secret(_secret(request))
    if caller is None:
        raise AuthenticationError
    note_use(caller.key, now=timezone.now())
    return caller


def _secret(request: HttpRequest) -> str:
    scheme, _, secret = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
    return secret.strip() if scheme.lower() == "bearer" else ""


def require_right(caller: Caller, right: Right) -> None:
    """Raise ForbiddenError, which says whether the key's scopes or the role of its user lack the right."""
    if caller.can(right):
        return
    scopes = [scope for scope, rights in SCOPE_RIGHTS.items() if right in rights]
    if set(scopes).isdisjoint(caller.key.scopes):
        raise ForbiddenError(f"This needs a key with the scope {' or '.join(scopes)}.")
    role = caller.membership.get_role_display().lower()
    raise ForbiddenError(f"The key's user ({role}) doesn't have permission in {caller.team}.")
