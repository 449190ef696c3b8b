"""Encrypt values that a copy of the database must not reveal. The keys are derived from SECRET_KEY."""

import base64

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.utils.encoding import force_bytes

from .errors import DailiesError


class UnreadableSecretError(DailiesError):
    """The value was encrypted with a SECRET_KEY that is neither the current one nor in SECRET_KEY_FALLBACKS."""

    status = 503
    code = "unavailable"
    silent_variable_failure = True  # templates show an empty string

    def __init__(self) -> None:
        super().__init__("A stored secret can't be decrypted. Contact your administrator.")


def encrypt(text: str, *, purpose: str) -> str:
    """Return a token that `decrypt` accepts only with the same purpose."""
    return _fernet(purpose).encrypt(text.encode()).decode()


def decrypt(token: str, *, purpose: str) -> str:
    """Raises UnreadableSecretError."""
    try:
        return _fernet(purpose).decrypt(token.encode()).decode()
    except InvalidToken:
        raise UnreadableSecretError from None


def _fernet(purpose: str) -> MultiFernet:
    secrets = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    return MultiFernet([Fernet(_key(secret, purpose)) for secret in secrets])


def _key(secret: str | bytes, purpose: str) -> bytes:
    derived = HKDF(SHA256(), length=32, salt=None, info=purpose.encode())
    return base64.urlsafe_b64encode(derived.derive(force_bytes(secret)))
