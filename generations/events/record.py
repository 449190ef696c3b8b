"""Record events, and the client address that audit entries contain.

Behind a proxy the address of the connection is the proxy's. Each proxy appends to `X-Forwarded-For` the address that
connected to it; the client may have written anything further left. The client's address is therefore the one that the
outermost of our own proxies appended. TRUSTED_PROXIES is the number of our proxies; with 0 the header is ignored.
"""

from collections.abc import Callable, Mapping
from contextvars import ContextVar
from functools import lru_cache
from ipaddress import ip_address
from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

from .models import Event

_client_address: ContextVar[str | None] = ContextVar("client_address", default=None)


def record_event(
    kind: str,
    *,
    team_id: int | None,
    actor_id: int | None = None,
    subject_id: UUID | None = None,
    **data: Any,
) -> Event:
    """Store one event; `data` holds JSON values only. Call it inside the transaction of the change itself."""
    return Event.objects.create(kind=kind, team_id=team_id, actor_id=actor_id, subject_id=subject_id, data=data)


def record_audit(
    kind: str,
    *,
    team_id: int | None,
    actor_id: int | None,
    subject_id: UUID | None = None,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    **data: Any,
) -> Event:
    """Store one administrative act: the actor, the values before and after, and the client address.

    `before` and `after` contain only what changed, JSON values by name, never a secret. `data` contains further facts,
    such as the `name` or `email` of the subject. Call it inside the transaction of the change itself.
    """
    changes = {name: dict(values) for name, values in (("before", before), ("after", after)) if values}
    return Event.objects.create(
        kind=kind,
        team_id=team_id,
        actor_id=actor_id,
        subject_id=subject_id,
        data={**data, **changes},
        is_audit=True,
        address=current_client_address(),
    )


class ClientAddressMiddleware:
    """Keep the client's address during the request, for `record_audit`."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        token = _client_address.set(client_address(request, proxies=settings.TRUSTED_PROXIES))
        try:
            return self.get_response(request)
        finally:
            _client_address.reset(token)


def current_client_address() -> str | None:
    """Return the client's address; None outside of a request, as in a task or a command."""
    return _client_address.get()


def client_address(request: HttpRequest, *, proxies: int) -> str | None:
    """Read the address from the request; None when there is no valid one."""
    if not proxies:
        return _valid(request.META.get("REMOTE_ADDR", ""))
    forwarded = [part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",")]
    return _valid(forwarded[-proxies]) if len(forwarded) >= proxies else None


@lru_cache(maxsize=1024)
def _valid(text: str) -> str | None:
    try:
        return str(ip_address(text))
    except ValueError:
        return None
