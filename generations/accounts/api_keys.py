"""API keys: create, rotate with an overlap, revoke, and authenticate requests.

A secret is `dly_`, 32 random letters and digits, then six that are the CRC-32 of all before them, in base 62. Scanners
can recognize it in leaked text, and a typing error is found without the database. Only its hash is stored.
"""

import hashlib
import re
import secrets
import string
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Least, Now
from django.utils import timezone

from generations.common.clock import database_time
from generations.common.errors import DailiesError, ForbiddenError, NotFoundError
from generations.events.kinds import EventKind
from generations.events.live import revalidate_subscribers
from generations.events.record import record_audit

from .access import Viewer, require
from .models import ApiKey, ApiKeyQuerySet, ApiKeySecret, Membership, Team, User
from .roles import Right, Scope

SCOPE_RIGHTS: dict[str, frozenset[Right]] = {
    Scope.GENERATE: frozenset({Right.GENERATE}),
    Scope.READ: frozenset({Right.VIEW}),
    Scope.REVIEW: frozenset({Right.VIEW, Right.REVIEW}),
    Scope.MANAGE: frozenset({Right.MANAGE_JOBS, Right.MANAGE_CREDITS, Right.MANAGE_TEAM}),
}
KEY_MARK = "dly_"
PREFIX_LENGTH = 12
USE_INTERVAL = timedelta(minutes=1)
"""How often the time of the last use is stored."""

_ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
_RANDOM, _CHECKSUM = 32, 6
_FORMAT = re.compile(rf"{KEY_MARK}[0-9A-Za-z]{{{_RANDOM + _CHECKSUM}}}")


class ExpiredKeyError(DailiesError):
    """The key was revoked or has expired, so it cannot be rotated."""

    status = 409
    code = "conflict"


class KeyState(StrEnum):
    ACTIVE = "active"
    EXPIRED = "expired"
    REVOKED = "revoked"


@dataclass(frozen=True)
class Caller:
    """An authenticated key with its membership; team and user are loaded.

    The membership of a service key is that of its creator. It names them and grants nothing.
    """

    key: ApiKey
    membership: Membership

    @property
    def team(self) -> Team:
        return self.membership.team

    @property
    def user(self) -> User:
        return self.membership.user

    @property
    def rights(self) -> frozenset[Right]:
        """The rights of the scopes. A personal key has only those that the role has as well."""
        granted = frozenset[Right]().union(*(SCOPE_RIGHTS[scope] for scope in self.key.scopes))
        return granted if self.key.is_service else frozenset(filter(self.membership.can, granted))

    @property
    def own(self) -> Q:
        """Select what the caller submitted: a service key by that key, a person by any way."""
        return Q(api_key=self.key) if self.key.is_service else Q(author=self.user)

    def can(self, wanted: Right | Scope) -> bool:
        return wanted in self.key.scopes if isinstance(wanted, Scope) else wanted in self.rights


@dataclass(frozen=True)
class KeyStatus:
    """`secrets` are the valid ones, newest first: two during a rotation's overlap, none if the key is not active."""

    key: ApiKey
    state: KeyState
    secrets: list[ApiKeySecret]

    @property
    def is_active(self) -> bool:
        return self.state == KeyState.ACTIVE


@dataclass(frozen=True)
class NewKey:
    """A key with its secret, which is shown once and not stored."""

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
    """Create a key for the member, or for the team. Raises ForbiddenError: service keys need MANAGE_TEAM."""
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
    data = {"scopes": key.scopes, "is_service": is_service, "prefix": prefix_of(secret)}
    _record(EventKind.KEY_CREATED, key, membership.user, **data)
    return NewKey(key, secret)


@transaction.atomic
def rotate_key(*, key: ApiKey, actor: User, overlap: timedelta) -> NewKey:
    """Create a new secret. The old ones expire after the overlap at most. Raises ExpiredKeyError, ForbiddenError."""
    if not may_rotate(key, actor):
        raise ForbiddenError("This is another member's key. You can revoke it but not rotate it.")
    if not ApiKey.objects.live().select_for_update().filter(pk=key.pk).exists():
        raise ExpiredKeyError(f"The key {key} has expired. Create a new one.")
    # LEAST ignores NULL: a secret without an expiry date gets one, and no secret lives longer than before.
    key.secrets.update(expires_at=Least(F("expires_at"), database_time(overlap)))
    secret = _add_secret(key)
    _record(EventKind.KEY_ROTATED, key, actor, overlap=int(overlap.total_seconds()), prefix=prefix_of(secret))
    revalidate_subscribers(key.team_id)
    return NewKey(key, secret)


def may_rotate(key: ApiKey, actor: User) -> bool:
    """Only the user of a personal key may see a new secret, because the secret acts for that user."""
    return key.is_service or key.user_id == actor.pk


@transaction.atomic
def revoke_key(*, key: ApiKey, actor: User) -> None:
    """Revoke the key with all its secrets, from the next request on."""
    if ApiKey.objects.filter(pk=key.pk, revoked_at__isnull=True).update(revoked_at=Now()):
        _record(EventKind.KEY_REVOKED, key, actor)
        revalidate_subscribers(key.team_id)
    key.refresh_from_db(fields=["revoked_at"])


def access_key(viewer: Viewer, key_id: UUID) -> ApiKey:
    """Return a key that the viewer may see. Raises NotFoundError."""
    key = ApiKey.objects.visible_to(viewer).select_related("team", "user").filter(pk=key_id).first()
    if key is None:
        raise NotFoundError
    return key


def status_of(key: ApiKey) -> KeyStatus:
    """Costs one query, or none if the secrets are prefetched."""
    now, state = timezone.now(), _state(key)
    valid = [secret for secret in key.secrets.all() if secret.expires_at is None or secret.expires_at > now]
    newest_first = sorted(valid, key=lambda secret: secret.pk, reverse=True)
    return KeyStatus(key, state, newest_first if state == KeyState.ACTIVE else [])


def key_by_secret(secret: str) -> Caller | None:
    """Return the caller with this secret, in two queries. None unless key, secret and membership are active."""
    if not is_well_formed(secret):
        return None
    is_live = Q(secrets__expires_at__isnull=True) | Q(secrets__expires_at__gt=Now())
    return _caller(ApiKey.objects.live().filter(is_live, secrets__digest=digest_of(secret)))


def key_by_id(key_id: UUID) -> Caller | None:
    """Return the caller of a key that was authenticated before, if the key is still active."""
    return _caller(ApiKey.objects.live().filter(pk=key_id))


def note_use(key: ApiKey, *, now: datetime) -> None:
    """Store the time of use, once a minute at most."""
    if key.last_used_at is None or now - key.last_used_at >= USE_INTERVAL:
        is_stale = Q(last_used_at__isnull=True) | Q(last_used_at__lte=database_time(-USE_INTERVAL))
        ApiKey.objects.filter(is_stale, pk=key.pk).update(last_used_at=Now())


def new_secret() -> str:
    body = KEY_MARK + "".join(secrets.choice(_ALPHABET) for _ in range(_RANDOM))
    return body + _checksum(body)


def is_well_formed(secret: str) -> bool:
    return bool(_FORMAT.fullmatch(secret)) and _checksum(secret[:-_CHECKSUM]) == secret[-_CHECKSUM:]


def digest_of(secret: str) -> str:
    """A plain hash is enough, because nobody can guess 190 random bits."""
    return hashlib.sha256(secret.encode()).hexdigest()


def prefix_of(secret: str) -> str:
    return secret[:PREFIX_LENGTH]


def _checksum(body: str) -> str:
    value, digits = zlib.crc32(body.encode()), ""
    for _ in range(_CHECKSUM):
        value, digit = divmod(value, len(_ALPHABET))
        digits = _ALPHABET[digit] + digits
    return digits


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


def _state(key: ApiKey) -> KeyState:
    if key.revoked_at:
        return KeyState.REVOKED
    return KeyState.EXPIRED if key.expires_at and key.expires_at <= timezone.now() else KeyState.ACTIVE


def _add_secret(key: ApiKey) -> str:
    secret = new_secret()
    ApiKeySecret.objects.create(key=key, prefix=prefix_of(secret), digest=digest_of(secret))
    return secret


def _record(kind: EventKind, key: ApiKey, actor: User, **data: object) -> None:
    about = {"subject_id": key.pk, "name": key.name}
    record_audit(kind, team_id=key.team_id, actor_id=actor.pk, **about, **data)  # type: ignore[arg-type]
