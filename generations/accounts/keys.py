"""API keys: made, rotated with an overlap, revoked at once, and recognised by their secret."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Least, Now

from generations.common.clock import database_time
from generations.common.errors import DailiesError, ForbiddenError, NotFoundError
from generations.events.kinds import EventKind
from generations.events.live import revalidate_subscribers
from generations.events.record import record_audit

from .access import require
from .callers import Caller
from .key_secrets import digest_of, is_well_formed, new_secret, prefix_of
from .models import ApiKey, ApiKeyQuerySet, ApiKeySecret, Membership, User
from .roles import Right, Scope

# How often the time of the last use is written down.
NOTED_EVERY = timedelta(minutes=1)


class EndedKeyError(DailiesError):
    """The key was revoked or has expired; there is nothing left to rotate."""

    status = 409
    code = "conflict"


@dataclass(frozen=True)
class NewKey:
    """A key with its secret, which is told this once and stored nowhere."""

    key: ApiKey
    secret: str


@transaction.atomic
def create_key(
    *,
    membership: Membership,
    name: str,
    scopes: Iterable[Scope],
    expires_at: datetime | None = None,
    is_service: bool = False,
) -> NewKey:
    """Make a key for the member, or for the whole team. Raises ForbiddenError: service keys need MANAGE_TEAM."""
    if is_service:
        require(membership, Right.MANAGE_TEAM)
    key = ApiKey.objects.create(
        team=membership.team,
        user=membership.user,
        name=name,
        scopes=sorted(set(scopes)),
        expires_at=expires_at,
        is_service=is_service,
    )
    secret = _add_secret(key)
    _record(
        EventKind.KEY_CREATED, key, membership.user, scopes=key.scopes, is_service=is_service, prefix=prefix_of(secret)
    )
    return NewKey(key, secret)


@transaction.atomic
def rotate_key(*, key: ApiKey, actor: User, overlap: timedelta) -> NewKey:
    """Give the key a new secret; the old ones go on for the overlap at most. Raises EndedKeyError, ForbiddenError."""
    if not may_rotate(key, actor):
        raise ForbiddenError("This key speaks for somebody else. You may revoke it, but not take it over.")
    if not ApiKey.objects.live().select_for_update().filter(pk=key.pk).exists():
        raise EndedKeyError(f"The key {key} has ended. Make a new one.")
    # LEAST passes over NULL: a secret without an end gets one, and none lives longer than before.
    key.secrets.update(expires_at=Least(F("expires_at"), database_time(overlap)))
    secret = _add_secret(key)
    _record(EventKind.KEY_ROTATED, key, actor, overlap=int(overlap.total_seconds()), prefix=prefix_of(secret))
    revalidate_subscribers(key.team_id)
    return NewKey(key, secret)


def may_rotate(key: ApiKey, actor: User) -> bool:
    """Whoever sees a new secret can use it: of a personal key only the person may."""
    return key.is_service or key.user_id == actor.pk


@transaction.atomic
def revoke_key(*, key: ApiKey, actor: User) -> None:
    """End the key for good, with all its secrets, from the next request on."""
    if ApiKey.objects.filter(pk=key.pk, revoked_at__isnull=True).update(revoked_at=Now()):
        _record(EventKind.KEY_REVOKED, key, actor)
        revalidate_subscribers(key.team_id)
    key.refresh_from_db(fields=["revoked_at"])


def visible_keys(membership: Membership) -> ApiKeyQuerySet:
    """The member's own keys of the team; with MANAGE_TEAM, everybody's and the service keys."""
    keys = ApiKey.objects.filter(team=membership.team)
    return keys if membership.can(Right.MANAGE_TEAM) else keys.filter(user=membership.user, is_service=False)


def access_key(membership: Membership, key_id: UUID) -> ApiKey:
    """The one way to a key for people. What the member may not see is not there."""
    key = visible_keys(membership).select_related("team", "user").filter(pk=key_id).first()
    if key is None:
        raise NotFoundError
    return key


def key_by_secret(secret: str) -> Caller | None:
    """Return the caller with this secret, in two queries. None unless key, secret and membership are active."""
    if not is_well_formed(secret):
        return None
    is_live = Q(secrets__expires_at__isnull=True) | Q(secrets__expires_at__gt=Now())
    return _caller(ApiKey.objects.live().filter(is_live, secrets__digest=digest_of(secret)))


def key_by_id(key_id: UUID) -> Caller | None:
    """Return the caller of a key that was recognised before, if the key is still active."""
    return _caller(ApiKey.objects.live().filter(pk=key_id))


def is_due(key: ApiKey, *, now: datetime) -> bool:
    """Whether its use has to be written down again."""
    return key.last_used_at is None or now - key.last_used_at >= NOTED_EVERY


def note_use(key: ApiKey, *, now: datetime) -> None:
    """Write down that the key was used, once a minute at most."""
    if is_due(key, now=now):
        is_stale = Q(last_used_at__isnull=True) | Q(last_used_at__lte=database_time(-NOTED_EVERY))
        ApiKey.objects.filter(is_stale, pk=key.pk).update(last_used_at=Now())


def _caller(keys: ApiKeyQuerySet) -> Caller | None:
    key = keys.select_related("team", "user").first()
    if key is None:
        return None
    membership = Membership.objects.filter(team=key.team_id, user=key.user_id).first()
    if membership is None:
        return None
    is_active = key.user.is_active and membership.deactivated_at is None
    if not (key.is_service or is_active):
        return None
    membership.team, membership.user = key.team, key.user
    return Caller(key, membership)


def _add_secret(key: ApiKey) -> str:
    secret = new_secret()
    ApiKeySecret.objects.create(key=key, prefix=prefix_of(secret), digest=digest_of(secret))
    return secret


def _record(kind: EventKind, key: ApiKey, actor: User, **data: object) -> None:
    about = {"subject_id": key.pk, "name": key.name}
    record_audit(kind, team_id=key.team_id, actor_id=actor.pk, **about, **data)  # type: ignore[arg-type]
