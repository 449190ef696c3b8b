"""All kinds of events, and which of them API clients and webhooks receive.

Webhooks and the event stream send the same body:

    {"type": "generation.completed", "timestamp": "2026-01-15T10:00:00.000Z", "data": {…}}

`data` contains the team's slug, the subject's id, and its link in the API. It contains ids, states and numbers, and
nothing that a person wrote: no prompts, names, addresses or reasons. Clients with the right to read those request them
from the API. A kind that is not in PUBLIC_KINDS is internal. Adding a kind, or a field to one, breaks no client.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import NewType

from django.db.models import TextChoices


class EventKind(TextChoices):
    """Every kind with its stored value, except for AdminKind."""

    GENERATION_SUBMITTED = "generation.submitted"
    GENERATION_COMPLETED = "generation.completed"
    GENERATION_FAILED = "generation.failed"
    GENERATION_CANCELED = "generation.canceled"
    GENERATION_REVIVED = "generation.revived"
    GENERATION_PRIORITIZED = "generation.lifted"
    GENERATION_CHECKED = "generation.looked_at"
    GENERATION_GIVEN_UP = "generation.given_up"
    ATTEMPT_LOST = "attempt.lost"
    PROVIDER_PROBED = "gate.probed"
    TAKE_DIFFERS = "take.differs"
    TAKE_DECIDED = "take.decided"
    TAKE_UNDECIDED = "take.undecided"
    CREDITS_GRANTED = "credits.grant"
    CREDITS_CORRECTED = "credits.correction"
    CREDITS_TRANSFERRED = "credits.transfer"
    CREDITS_EXPIRED = "credits.expiry"
    CREDITS_FROZEN = "credits.frozen"
    CREDITS_UNFROZEN = "credits.unfrozen"
    CREDITS_REFILL_SET = "credits.refill_set"
    CREDITS_WATCHERS_SET = "credits.watchers_set"
    CREDITS_REQUEST_APPROVED = "credits.request_approved"
    CREDITS_REQUEST_DECLINED = "credits.request_declined"
    CREDITS_REQUEST_WITHDRAWN = "credits.request_withdrawn"
    QUOTA_SET = "quota.set"
    QUOTA_CLEARED = "quota.cleared"
    QUOTA_RAISED = "quota.raised"
    QUOTA_RAISE_ENDED = "quota.raise_ended"
    MODEL_SWITCHED_ON = "model.switched_on"
    MODEL_SWITCHED_OFF = "model.switched_off"
    PRICE_SET = "price.set"
    PRICE_WITHDRAWN = "price.withdrawn"
    TEAM_CREATED = "team.created"
    TEAM_RENAMED = "team.renamed"
    TEAM_TIME_ZONE_CHANGED = "team.time_zone_changed"
    TEAM_ENDING = "team.ending"
    TEAM_KEPT = "team.kept"
    TEAM_PURGED = "team.purged"
    PROJECT_CREATED = "project.created"
    PROJECT_RENAMED = "project.renamed"
    PROJECT_ARCHIVED = "project.archived"
    PROJECT_REOPENED = "project.reopened"
    MEMBER_ADDED = "member.added"
    MEMBER_ROLE_CHANGED = "member.role_changed"
    MEMBER_LEFT = "member.left"
    MEMBER_DEACTIVATED = "member.deactivated"
    MEMBER_REACTIVATED = "member.reactivated"
    INVITATION_CREATED = "invitation.created"
    INVITATION_RENEWED = "invitation.renewed"
    INVITATION_REVOKED = "invitation.revoked"
    KEY_CREATED = "key.created"
    KEY_ROTATED = "key.rotated"
    KEY_REVOKED = "key.revoked"
    WEBHOOK_CREATED = "webhook.created"
    WEBHOOK_CHANGED = "webhook.changed"
    WEBHOOK_TURNED_ON = "webhook.switched_on"
    WEBHOOK_TURNED_OFF = "webhook.switched_off"
    WEBHOOK_ROTATED = "webhook.rotated"
    WEBHOOK_DELETED = "webhook.deleted"
    WEBHOOK_PAUSED = "webhook.paused"
    WEBHOOK_STOPPED = "webhook.off"


AdminKind = NewType("AdminKind", str)
"""The kind of an act in Django's admin: `admin.<model>_<verb>`. The verbs are added, changed and deleted."""


@dataclass(frozen=True)
class PublicKind:
    """A kind that API clients and webhooks receive."""

    name: EventKind
    description: str
    right: str
    """The right of accounts that an API key needs. Webhooks are set up by managers, who have all of these rights."""
    fields: tuple[str, ...] = ()
    """The fields of the event's data that are included."""
    link: str = ""
    """The path of the subject in the API."""
    is_for_author: bool = False
    """Whether the author of the generation receives it without the right."""

    @property
    def noun(self) -> str:
        return self.name.value.partition(".")[0]

    @property
    def verb(self) -> str:
        return self.name.value.partition(".")[2]


_JOB = partial(PublicKind, right="manage_jobs", link="/api/v1/generations/{id}", is_for_author=True)
_COMPLETED = partial(PublicKind, right="view", link="/api/v1/generations/{id}")
_TAKE = partial(PublicKind, right="view", link="/api/v1/takes/{id}")
_CREDITS = partial(PublicKind, right="manage_credits", fields=("amount",), link="/api/v1/statement")
_QUOTA = partial(PublicKind, right="manage_credits", fields=("role", "user", "before", "after"), link="/api/v1/quotas")
_MEMBER = partial(PublicKind, right="manage_team", fields=("user", "role"), link="/api/v1/members")
_KEY = partial(PublicKind, right="manage_team", link="/api/v1/keys/{id}")

_PUBLIC = (
    _JOB(EventKind.GENERATION_SUBMITTED, "A job was submitted", fields=("model", "price")),
    _COMPLETED(EventKind.GENERATION_COMPLETED, "A take is ready", fields=("charged",)),
    _JOB(EventKind.GENERATION_FAILED, "A job failed and its credits were refunded", fields=("error_type", "returned")),
    _JOB(EventKind.GENERATION_CANCELED, "A queued job was canceled"),
    _TAKE(EventKind.TAKE_DECIDED, "A member approved a take or requested changes", fields=("verdict",)),
    _TAKE(EventKind.TAKE_UNDECIDED, "A member withdrew a review"),
    _CREDITS(EventKind.CREDITS_GRANTED, "Credits were granted"),
    _CREDITS(EventKind.CREDITS_CORRECTED, "The balance was corrected"),
    _CREDITS(EventKind.CREDITS_TRANSFERRED, "Credits were transferred to or from another team"),
    _CREDITS(EventKind.CREDITS_EXPIRED, "Credits expired"),
    _CREDITS(EventKind.CREDITS_FROZEN, "New jobs were paused"),
    _CREDITS(EventKind.CREDITS_UNFROZEN, "New jobs were resumed"),
    _QUOTA(EventKind.QUOTA_SET, "A credit limit of the team, a role, a member or a key was set"),
    _QUOTA(EventKind.QUOTA_CLEARED, "A credit limit was removed; the inherited limit applies"),
    _MEMBER(EventKind.MEMBER_ADDED, "A member joined the team"),
    _MEMBER(EventKind.MEMBER_ROLE_CHANGED, "A member's role changed"),
    _MEMBER(EventKind.MEMBER_LEFT, "A member left the team"),
    _MEMBER(EventKind.MEMBER_DEACTIVATED, "A member was deactivated"),
    _MEMBER(EventKind.MEMBER_REACTIVATED, "A member was reactivated"),
    _KEY(EventKind.KEY_CREATED, "An API key was created", fields=("scopes", "is_service")),
    _KEY(EventKind.KEY_ROTATED, "An API key's secret was rotated"),
    _KEY(EventKind.KEY_REVOKED, "An API key was revoked"),
)
PUBLIC_KINDS: Mapping[str, PublicKind] = {kind.name.value: kind for kind in _PUBLIC}
TEST_KIND = "webhook.test"
"""The type of a test message. It is never stored as an event."""
