"""Encrypt what a copy of the database alone must not give away, under keys derived from SECRET_KEY."""

import base64

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.utils.encoding import force_bytes

from .errors import DailiesError


class UnreadableSecretError(DailiesError):
    """It was encrypted under a SECRET_KEY that is neither the present one nor among SECRET_KEY_FALLBACKS."""

    silent_variable_failure = True  # to a template it is empty

    def __init__(self) -> None:
        super().__init__("A stored secret cannot be read any more. Ask whoever runs this studio to look into its log.")


def encrypt(text: str, *, purpose: str) -> str:
    """Return a token that only `decrypt` with the same purpose turns back."""
    return _cipher(purpose).encrypt(text.encode()).decode()


def decrypt(token: str, *, purpose: str) -> str:
    """Raises UnreadableSecretError."""
    try:
        return _cipher(purpose).decrypt(token.encode()).decode()
    except InvalidToken:
        raise UnreadableSecretError from None


def _cipher(purpose: str) -> MultiFernet:
    secrets = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    return MultiFernet([Fernet(_key(secret, purpose)) for secret in secrets])


def _key(secret: str | bytes, purpose: str) -> bytes:
    derived = HKDF(SHA256(), length=32, salt=None, info=purpose.encode())
    return base64.urlsafe_b64encode(derived.derive(force_bytes(secret)))
