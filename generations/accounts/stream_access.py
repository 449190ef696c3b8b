"""Authorize API keys for the event stream, which another process serves.

That process may have another origin, and clients do not send their Authorization header to another origin after a
redirect. The redirect therefore contains a ticket: the signed id of the key, valid for opening a stream for a minute.
"""

from dataclasses import replace
from uuid import UUID

from django.core import signing

from generations.common.errors import ForbiddenError, NotFoundError
from generations.events.reading import Subscriber

from .api_keys import Caller, key_by_id, key_by_secret
from .roles import Right

_SALT = "events.ticket"
TICKET_SECONDS = 60


def make_ticket(caller: Caller) -> str:
    return signing.dumps(str(caller.key.pk), salt=_SALT)


def authorize_subscriber(secret: str, ticket: str) -> Subscriber:
    """Find the key by its secret or by the ticket. Raises NotFoundError and ForbiddenError."""
    if secret or not ticket:
        return replace(subscriber_of(key_by_secret(secret)), secret=secret)
    try:
        key_id = UUID(signing.loads(ticket, salt=_SALT, max_age=TICKET_SECONDS))
    except signing.BadSignature as error:
        raise NotFoundError from error
    return subscriber_of(key_by_id(key_id))


def reauthorize_subscriber(subscriber: Subscriber) -> Subscriber:
    """Check the same key again. Raises NotFoundError and ForbiddenError."""
    caller = key_by_secret(subscriber.secret) if subscriber.secret else key_by_id(subscriber.key_id)
    return replace(subscriber_of(caller), secret=subscriber.secret)


def subscriber_of(caller: Caller | None) -> Subscriber:
    """Raises NotFoundError without a valid key, ForbiddenError for a key that may not read."""
    if caller is None:
        raise NotFoundError
    if not caller.can(Right.VIEW):
        raise ForbiddenError("This needs a key with the scope read.")
    user_id = None if caller.key.is_service else caller.user.pk
    return Subscriber(caller.key.pk, caller.team.pk, caller.team.slug, frozenset(caller.rights), user_id)
