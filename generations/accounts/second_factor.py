"""Two-factor sign-in as the library does it, with its secrets encrypted where they are stored."""

from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator

from generations.common.encryption import decrypt, encrypt

from .models import User

_PURPOSE = "second factor"


class SecondFactorAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    def encrypt(self, text: str) -> str:
        return encrypt(text, purpose=_PURPOSE)

    def decrypt(self, encrypted_text: str) -> str:
        return decrypt(encrypted_text, purpose=_PURPOSE)

    def generate_authenticator_name(self, user: User, type: Authenticator.Type) -> str:  # noqa: A002  # the library's
        """What a new passkey is called until its owner names it."""
        taken = Authenticator.objects.filter(user=user, type=type).count()
        return f"Passkey {taken + 1}" if taken else "Passkey"
