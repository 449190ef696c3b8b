"""API keys: made, rotated with an overlap, revoked at once, and recognised by their secret."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from uuid import UUID

from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Least, Now

from generations.common.clock import database_time
from generations.common.errors import DailiesError, ForbiddenError, NotFoundError
from generations.common.statements import Columns, parted, read_row
from generations.events.live import revalidate_subscribers
from generations.events.record import record_audit

from .access import require
from .callers import Caller, Mark
from .key_secrets import digest_of, is_well_formed, new_secret, prefix_of
from .models import ApiKey, ApiKeyQuerySet, ApiKeySecret, Membership, Team, User
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
    _record("key.created", key, membership.user, scopes=key.scopes, is_service=is_service, prefix=prefix_of(secret))
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
    _record("key.rotated", key, actor, overlap=int(overlap.total_seconds()), prefix=prefix_of(secret))
    revalidate_subscribers(key.team_id)
    return NewKey(key, secret)


def may_rotate(key: ApiKey, actor: User) -> bool:
    """Whoever sees a new secret can use it: of a personal key only the person may."""
    return key.is_service or key.user_id == actor.pk


@transaction.atomic
def revoke_key(*, key: ApiKey, actor: User) -> None:
    """End the key for good, with all its secrets, from the next request on."""
    if ApiKey.objects.filter(pk=key.pk, revoked_at__isnull=True).update(revoked_at=Now()):
        _record("key.revoked", key, actor)
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
    """Recognise a caller, in one query. None for whatever is not, or no longer, a way in."""
    found = marked_by_secret(secret)
    return found and found[0]


def marked_by_secret(secret: str) -> tuple[Caller, Mark] | None:
    """The same, with what tells later whether all that was read still holds."""
    if not is_well_formed(secret):
        return None
    digest = digest_of(secret)
    found = _recognise(_by_digest(), {"digest": digest})
    return found and (found[0], Mark(digest, found[1]))


def key_by_id(key_id: UUID) -> Caller | None:
    """The caller behind a key that was recognised before, if the key is still in force."""
    found = _recognise(_by_id(), {"id": key_id})
    return found and found[0]


def _recognise(statement: str, given: dict[str, object]) -> tuple[Caller, str] | None:
    row = read_row(statement, given)
    caller = _caller(*parted(row, *_parts())) if row else None
    return (caller, str(row[-1])) if caller else None


@cache
def _parts() -> tuple[Columns[ApiKey], Columns[Team], Columns[User], Columns[Membership]]:
    return Columns(ApiKey, "key"), Columns(Team, "team"), Columns(User, "person"), Columns(Membership, "membership")


@cache
def _by_digest() -> str:
    return f"{_read()} {_LIVE_DIGEST} WHERE secret.digest = %(digest)s AND {LIVE}"


@cache
def _by_id() -> str:
    return f"{_read()} WHERE key.id = %(id)s AND {LIVE}"


def _read() -> str:
    """Every request asks for its key, so that this is not left to be put together each time."""
    return f"SELECT {', '.join(map(str, _parts()))}, {_VERSIONS} {_KEYS}"


LIVE = "key.revoked_at IS NULL AND (key.expires_at IS NULL OR key.expires_at > statement_timestamp())"
_KEYS = """
FROM generations_apikey key
JOIN generations_team team ON team.id = key.team_id
JOIN generations_user person ON person.id = key.user_id
JOIN generations_membership membership ON membership.team_id = key.team_id AND membership.user_id = key.user_id
"""
_LIVE_DIGEST = """
JOIN generations_apikeysecret secret ON secret.key_id = key.id
    AND (secret.expires_at IS NULL OR secret.expires_at > statement_timestamp())
"""
# The transactions that wrote these rows: none of them stays the same when its row changes.
_VERSIONS = "concat_ws(' ', key.xmin, team.xmin, person.xmin, membership.xmin)"
# Part of a statement, with the parameters `digest` and `versions` of a mark: all that was read still holds.
UNCHANGED = f"""
EXISTS (
    SELECT {_KEYS} {_LIVE_DIGEST}
    WHERE secret.digest = %(digest)s AND {LIVE} AND {_VERSIONS} = %(versions)s
)
"""


def is_due(key: ApiKey, *, now: datetime) -> bool:
    """Whether its use has to be written down again."""
    return key.last_used_at is None or now - key.last_used_at >= NOTED_EVERY


def note_use(key: ApiKey, *, now: datetime) -> None:
    """Write down that the key was used, once a minute at most."""
    if is_due(key, now=now):
        is_stale = Q(last_used_at__isnull=True) | Q(last_used_at__lte=database_time(-NOTED_EVERY))
        ApiKey.objects.filter(is_stale, pk=key.pk).update(last_used_at=Now())


def _caller(key: ApiKey, team: Team, user: User, membership: Membership) -> Caller | None:
    is_present = user.is_active and membership.deactivated_at is None
    if not (key.is_service or is_present):
        return None
    key.team, key.user = membership.team, membership.user = team, user
    return Caller(key, membership)


def _add_secret(key: ApiKey) -> str:
    secret = new_secret()
    ApiKeySecret.objects.create(key=key, prefix=prefix_of(secret), digest=digest_of(secret))
    return secret


def _record(kind: str, key: ApiKey, actor: User, **data: object) -> None:
    about = {"subject_id": key.pk, "name": key.name}
    record_audit(kind, team_id=key.team_id, actor_id=actor.pk, **about, **data)  # type: ignore[arg-type]
