"""The events that programs are told of, and the words in which they are told.

Webhooks and the event stream send the same body:

    {"type": "generation.completed", "timestamp": "2026-01-15T10:00:00.000Z", "data": {…}}

`data` names the team by its slug, the subject by its id, and where the API shows it. It holds ids, states and figures
and nothing that a person wrote: no prompts, names, addresses or reasons. Whoever may read those asks the API for them.
A kind that is not listed here is our own business; adding one, or a field to one, breaks no client.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC
from functools import partial
from typing import Any

from django.conf import settings

from .models import Event


@dataclass(frozen=True)
class PublicKind:
    name: str
    says: str
    right: str
    """Which right of accounts shows it; a webhook is set up by managers and is told of all."""
    fields: tuple[str, ...] = ()
    """What of the event's own data is told."""
    link: str = ""
    """Where the API shows the subject."""
    is_authors: bool = False
    """The author of the generation is told even without the right."""

    @property
    def noun(self) -> str:
        return self.name.partition(".")[0]

    @property
    def verb(self) -> str:
        return self.name.partition(".")[2]


_JOB = partial(PublicKind, right="manage_jobs", link="/api/v1/generations/{id}", is_authors=True)
_DONE = partial(PublicKind, right="view", link="/api/v1/generations/{id}")
_TAKE = partial(PublicKind, right="view", link="/api/v1/takes/{id}")
_CREDITS = partial(PublicKind, right="manage_credits", fields=("amount",), link="/api/v1/statement")
_QUOTA = partial(PublicKind, right="manage_credits", fields=("role", "user", "before", "after"), link="/api/v1/quotas")
_MEMBER = partial(PublicKind, right="manage_team", fields=("user", "role"), link="/api/v1/members")
_KEY = partial(PublicKind, right="manage_team", link="/api/v1/keys/{id}")

_KINDS = (
    _JOB("generation.submitted", "A job was accepted", fields=("model", "price")),
    _DONE("generation.completed", "A take is finished and kept", fields=("charged",)),
    _JOB("generation.failed", "A job failed, and its credits came back", fields=("error_type", "returned")),
    _JOB("generation.canceled", "A waiting job was taken back"),
    _TAKE("take.decided", "A member approved a take, or asked for changes", fields=("verdict",)),
    _TAKE("take.undecided", "A member took a decision back"),
    _CREDITS("credits.grant", "Credits were granted"),
    _CREDITS("credits.correction", "The balance was corrected"),
    _CREDITS("credits.transfer", "Credits went to another team, or came from one"),
    _CREDITS("credits.expiry", "Credits expired"),
    _CREDITS("credits.frozen", "New jobs are stopped"),
    _CREDITS("credits.unfrozen", "New jobs are taken again"),
    _QUOTA("quota.set", "The quota of the team, a role, a member or a key was set"),
    _QUOTA("quota.cleared", "A quota was taken away, and the level above holds"),
    _MEMBER("member.added", "Somebody joined the team"),
    _MEMBER("member.role_changed", "A member has another role"),
    _MEMBER("member.left", "A member left the team"),
    _MEMBER("member.deactivated", "A member's access to the team was ended"),
    _MEMBER("member.reactivated", "A former member is back"),
    _KEY("key.created", "An API key was made", fields=("scopes", "is_service")),
    _KEY("key.rotated", "An API key has a new secret"),
    _KEY("key.revoked", "An API key was revoked"),
)
PUBLIC_KINDS: Mapping[str, PublicKind] = {kind.name: kind for kind in _KINDS}
TEST_KIND = "webhook.test"


def body_of(event: Event, slug: str) -> dict[str, Any]:
    """What a program is told of an event of a public kind; `slug` is its team's."""
    kind = PUBLIC_KINDS[event.kind]
    data: dict[str, Any] = {"team": slug}
    if event.subject_id is not None:
        data["id"] = str(event.subject_id)
    if kind.noun == "generation":
        data["state"] = "queued" if kind.verb == "submitted" else kind.verb
    data |= {name: event.data[name] for name in kind.fields if name in event.data}
    data["links"] = {"self": settings.PUBLIC_URL + kind.link.format(id=event.subject_id)}
    return {"type": kind.name, "timestamp": in_iso(event), "data": data}


def in_iso(event: Event) -> str:
    """The event's time as the contract writes times: UTC, milliseconds, Z."""
    return event.created_at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
