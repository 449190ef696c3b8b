"""Who may follow a team's events by key, for the process that serves them.

That process may have an address of its own, and clients drop their Authorization header when they are sent there. So
the redirect carries a ticket: who was recognised, signed, and good for opening one stream within a minute.
"""

from dataclasses import replace
from uuid import UUID

from django.core import signing

from generations.common.errors import ForbiddenError, NotFoundError
from generations.events.audience import Listener

from .callers import Caller
from .keys import key_by_id, key_by_secret
from .roles import Right

_SALT = "events.ticket"
TICKET_SECONDS = 60


def make_ticket(caller: Caller) -> str:
    return signing.dumps(str(caller.key.pk), salt=_SALT)


def admit(secret: str, ticket: str) -> Listener:
    """Make out who listens. Raises NotFoundError and ForbiddenError."""
    if secret or not ticket:
        return replace(listener_of(key_by_secret(secret)), secret=secret)
    try:
        key_id = UUID(signing.loads(ticket, salt=_SALT, max_age=TICKET_SECONDS))
    except signing.BadSignature as error:
        raise NotFoundError from error
    return listener_of(key_by_id(key_id))


def renew(listener: Listener) -> Listener:
    """Judge the same listener anew. Raises NotFoundError and ForbiddenError."""
    known = key_by_secret(listener.secret) if listener.secret else key_by_id(listener.key_id)
    return replace(listener_of(known), secret=listener.secret)


def listener_of(caller: Caller | None) -> Listener:
    """Raises NotFoundError for nobody, ForbiddenError for a key that may not read."""
    if caller is None:
        raise NotFoundError
    if not caller.can(Right.VIEW):
        raise ForbiddenError("This needs a key with the scope read.")
    user_id = None if caller.key.is_service else caller.user.pk
    return Listener(caller.key.pk, caller.team.pk, caller.team.slug, frozenset(caller.rights), user_id)
