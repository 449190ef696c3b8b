"""What is shown of a key: whether it is in force, and by which beginnings its secrets are known."""

from dataclasses import dataclass
from enum import StrEnum

from django.utils import timezone

from .models import ApiKey, ApiKeySecret


class KeyState(StrEnum):
    ACTIVE = "active"
    EXPIRED = "expired"
    REVOKED = "revoked"


@dataclass(frozen=True)
class KeyFacts:
    """`secrets` are those in force, newest first: two while a rotation overlaps, none once the key has ended."""

    key: ApiKey
    state: KeyState
    secrets: list[ApiKeySecret]

    @property
    def is_active(self) -> bool:
        return self.state == KeyState.ACTIVE


def facts_of(key: ApiKey) -> KeyFacts:
    """Read the facts from a key whose secrets are prefetched, or in one query."""
    now, state = timezone.now(), _state(key)
    secrets = [secret for secret in key.secrets.all() if secret.expires_at is None or secret.expires_at > now]
    newest_first = sorted(secrets, key=lambda secret: secret.pk, reverse=True)
    return KeyFacts(key, state, newest_first if state == KeyState.ACTIVE else [])


def _state(key: ApiKey) -> KeyState:
    if key.revoked_at:
        return KeyState.REVOKED
    return KeyState.EXPIRED if key.expires_at and key.expires_at <= timezone.now() else KeyState.ACTIVE
