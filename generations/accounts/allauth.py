"""Adapters that fit django-allauth to our users: sign-up, single sign-on and two-factor sign-in."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialApp, SocialLogin
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from generations.common.client_address import client_address
from generations.common.encryption import decrypt, encrypt

from .invitations import PENDING
from .models import User
from .teams import create_personal_team

_PURPOSE = "second factor"


def display_name(user: User) -> str:
    return user.display_name


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    def get_client_ip(self, request: HttpRequest) -> str:
        """Count rate limits by the client's address, also behind a proxy."""
        return client_address(request) or str(super().get_client_ip(request))

    @transaction.atomic
    def save_user(self, request: HttpRequest, user: User, form: object, commit: bool = True) -> User:
        """Create a personal team with every new user, unless they sign up to accept an invitation."""
        saved: User = super().save_user(request, user, form, commit=commit)
        if commit and PENDING not in request.session:
            create_personal_team(saved)
        return saved


class SingleSignOnAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc]
    error_messages = {
        **DefaultSocialAccountAdapter.error_messages,
        "email_taken": "An account with this email exists. Sign in, then connect %s under Connected accounts.",
        "no_password": "Set a password first, or you won't be able to sign in.",
        "disconnect_last": "This is your only way to sign in. Set a password first.",
    }

    def list_apps(self, request: HttpRequest, provider: str | None = None, client_id: str | None = None) -> list[Any]:
        """Return the provider of the settings, if there is one. allauth itself would also read the database."""
        configured = settings.SOCIALACCOUNT_PROVIDERS.get("openid_connect", {}).get("APPS", [])
        apps = [SocialApp(provider="openid_connect", **values) for values in configured]
        named = [app for app in apps if provider in (None, app.provider, app.provider_id)]
        return [app for app in named if client_id in (None, app.client_id)]

    def new_user(self, request: HttpRequest, sociallogin: SocialLogin) -> User:
        """Return a user with plain values only: without an email it waits in the session, which is JSON."""
        user: User = super().new_user(request, sociallogin)
        user.date_joined = timezone.now()
        return user

    def populate_user(self, request: HttpRequest, sociallogin: SocialLogin, data: dict[str, Any]) -> User:
        user: User = super().populate_user(request, sociallogin, data)
        user.name = str(data.get("name") or "").strip()[: User._meta.get_field("name").max_length]
        return user

    @transaction.atomic
    def save_user(self, request: HttpRequest, sociallogin: SocialLogin, form: object = None) -> User:
        """Create the account with its team. An email counts as verified only if the settings trust the provider."""
        for address in sociallogin.email_addresses:
            address.verified = address.verified and settings.IS_SIGN_ON_EMAIL_TRUSTED
        user: User = super().save_user(request, sociallogin, form)
        if not user.memberships.exists():  # with a form, AccountAdapter has created the team
            create_personal_team(user)
        return user


class TwoFactorAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """Stores the secrets of second factors encrypted."""

    def encrypt(self, text: str) -> str:
        return encrypt(text, purpose=_PURPOSE)

    def decrypt(self, encrypted_text: str) -> str:
        return decrypt(encrypted_text, purpose=_PURPOSE)

    def generate_authenticator_name(self, user: User, type: Authenticator.Type) -> str:  # noqa: A002  # allauth's name
        """Name a new passkey until the user renames it."""
        count = Authenticator.objects.filter(user=user, type=type).count()
        return f"Passkey {count + 1}" if count else "Passkey"
