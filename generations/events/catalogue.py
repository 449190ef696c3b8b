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
from enum import StrEnum
from typing import Any

from django.conf import settings

from .models import Event


class Audience(StrEnum):
    """Who in the team may be told, as on the pages. A webhook is set up by managers and is told of all."""

    TEAM = "team"
    AUTHOR = "author"  # of the generation, and managers
    MANAGERS = "managers"


@dataclass(frozen=True)
class PublicKind:
    name: str
    says: str
    audience: Audience
    fields: tuple[str, ...] = ()
    """What of the event's own data is told."""
    link: str = ""
    """Where the API shows the subject."""

    @property
    def noun(self) -> str:
        return self.name.partition(".")[0]

    @property
    def verb(self) -> str:
        return self.name.partition(".")[2]


_GENERATION = "/api/v1/generations/{id}"
_KINDS = (
    PublicKind("generation.submitted", "A job was accepted", Audience.AUTHOR, ("model", "price"), _GENERATION),
    PublicKind("generation.completed", "A take is finished and kept", Audience.TEAM, ("charged",), _GENERATION),
    PublicKind("generation.failed", "A job failed", Audience.AUTHOR, ("error_type", "returned"), _GENERATION),
    PublicKind("generation.canceled", "A waiting job was taken back", Audience.AUTHOR, (), _GENERATION),
    PublicKind("credits.grant", "Credits were granted", Audience.MANAGERS, ("amount",), "/api/v1/statement"),
    PublicKind("credits.correction", "Credits were corrected", Audience.MANAGERS, ("amount",), "/api/v1/statement"),
    PublicKind("member.added", "Somebody joined the team", Audience.MANAGERS, ("user", "role"), "/api/v1/members"),
    PublicKind("member.role_changed", "A role changed", Audience.MANAGERS, ("user", "role"), "/api/v1/members"),
    PublicKind("member.removed", "Somebody left the team", Audience.MANAGERS, ("user", "role"), "/api/v1/members"),
    PublicKind("key.created", "An API key was made", Audience.MANAGERS, ("scopes", "is_service"), "/api/v1/keys"),
    PublicKind("key.rotated", "An API key got a new secret", Audience.MANAGERS, (), "/api/v1/keys"),
    PublicKind("key.revoked", "An API key was revoked", Audience.MANAGERS, (), "/api/v1/keys"),
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
