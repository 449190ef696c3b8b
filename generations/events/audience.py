"""Which events a program may be told of, by the rights of its key: no more than its owner sees on the pages."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from .catalogue import PUBLIC_KINDS
from .models import Event


@dataclass(frozen=True)
class Listener:
    """Who listens, as the rooms above made them out: a key of a team, and what it allows.

    `user_id` is whose own generations it may follow; a service key follows those that it submitted itself.
    """

    key_id: UUID
    team_id: int
    team_slug: str
    rights: frozenset[str]
    user_id: int | None
    secret: str = field(default="", repr=False)


def audible(rows: QuerySet[Event], listener: Listener, kinds: Iterable[str] = ()) -> QuerySet[Event]:
    """The events of the team that the listener may be told of, of these kinds or of all."""
    wanted = set(kinds) or set(PUBLIC_KINDS)
    shown = {kind.name for kind in PUBLIC_KINDS.values() if kind.right in listener.rights}
    authors = {kind.name for kind in PUBLIC_KINDS.values() if kind.is_authors} - shown
    own = Q(kind__in=wanted & authors) & Exists(_submitted_by(listener))
    return rows.filter(Q(kind__in=wanted & shown) | own, team=listener.team_id)


def _submitted_by(listener: Listener) -> QuerySet[Event]:
    submitted = Event.objects.filter(kind="generation.submitted", subject_id=OuterRef("subject_id"))
    if listener.user_id is None:
        return submitted.filter(data__api_key=str(listener.key_id))
    return submitted.filter(actor=listener.user_id)
