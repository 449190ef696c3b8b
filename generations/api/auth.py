"""Who asks, and whether key and role allow it."""

from django.http import HttpRequest
from django.utils import timezone

from generations.accounts.callers import SCOPE_RIGHTS, Caller
from generations.accounts.keys import key_by_secret, note_use
from generations.accounts.roles import Right
from generations.common.errors import ForbiddenError
from generations.contract.errors import AUTHENTICATION

from .errors import RefusedError


def authenticate(request: HttpRequest) -> Caller:
    """Recognise the key of the request. One answer for every key that is none: RefusedError 401."""
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
    caller = key_by_secret(secret.strip()) if scheme.lower() == "bearer" else None
    if caller is None:
        message = "Send an API key that is in force as: Authorization: Bearer <key>"
        raise RefusedError(AUTHENTICATION, message, headers={"WWW-Authenticate": "Bearer"})
    note_use(caller.key, now=timezone.now())
    return caller


def require_right(caller: Caller, right: Right) -> None:
    """Raise ForbiddenError, which says whether the key's scopes or the role of its user lack the right."""
    if caller.can(right):
        return
    scopes = [scope for scope, rights in SCOPE_RIGHTS.items() if right in rights]
    if set(scopes).isdisjoint(caller.key.scopes):
        raise ForbiddenError(f"This needs a key with the scope {' or '.join(scopes)}.")
    role = caller.membership.get_role_display().lower()
    raise ForbiddenError(f"The role of the key's user in {caller.team}, {role}, does not allow this.")
