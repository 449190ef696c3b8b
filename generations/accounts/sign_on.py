"""Single sign-on: what comes from the provider becomes one of our people, or is led to one."""

from typing import Any

from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialApp, SocialLogin
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from .models import User
from .teams import create_personal_team


class SignOnAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc]
    error_messages = {
        **DefaultSocialAccountAdapter.error_messages,
        "email_taken": "There is an account with this address. Sign in to it, then connect %s on its page.",
        "no_password": "Set a password first: without this connection you could not sign in any more.",
        "disconnect_last": "This is your last way to sign in. Set a password first.",
    }

    def list_apps(self, request: HttpRequest, provider: str | None = None, client_id: str | None = None) -> list[Any]:
        """The provider of the settings, if there is one. The library would ask the database for more."""
        configured = settings.SOCIALACCOUNT_PROVIDERS.get("openid_connect", {}).get("APPS", [])
        apps = [SocialApp(provider="openid_connect", **values) for values in configured]
        named = [app for app in apps if provider in (None, app.provider, app.provider_id)]
        return [app for app in named if client_id in (None, app.client_id)]

    def new_user(self, request: HttpRequest, sociallogin: SocialLogin) -> User:
        """A user with plain values alone: one whose address is still asked for waits in the session, as JSON."""
        user: User = super().new_user(request, sociallogin)
        user.date_joined = timezone.now()
        return user

    def populate_user(self, request: HttpRequest, sociallogin: SocialLogin, data: dict[str, Any]) -> User:
        user: User = super().populate_user(request, sociallogin, data)
        user.name = str(data.get("name") or "").strip()[: User._meta.get_field("name").max_length]
        return user

    @transaction.atomic
    def save_user(self, request: HttpRequest, sociallogin: SocialLogin, form: object = None) -> User:
        """Make the account with its team; the address counts as confirmed only from a provider that is trusted."""
        for address in sociallogin.email_addresses:
            address.verified = address.verified and settings.IS_SIGN_ON_EMAIL_TRUSTED
        user: User = super().save_user(request, sociallogin, form)
        if not user.memberships.exists():  # with a form, the account's adapter has made it
            create_personal_team(user)
        return user
