"""The account part of a user's data export. `jobs` and `credits` add generations and transactions."""

from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount

from .models import ApiKey, Membership, User
from .sessions import sessions_of


def account_facts(user: User) -> dict[str, Any]:
    """Return plain values without secrets."""
    return {
        "profile": {
            "email": user.email,
            "name": user.name,
            "joined": user.date_joined,
            "last_sign_in": user.last_login,
        },
        "addresses": list(EmailAddress.objects.filter(user=user).values("email", "verified", "primary")),
        "two_factor": list(Authenticator.objects.filter(user=user).values("type", "created_at", "last_used_at")),
        "connected_accounts": list(
            SocialAccount.objects.filter(user=user).values("provider", "uid", "date_joined", "last_login")
        ),
        "memberships": [
            {
                "team": membership.team.name,
                "slug": membership.team.slug,
                "role": membership.role,
                "since": membership.created_at,
                "until": membership.deactivated_at,
            }
            for membership in Membership.objects.filter(user=user).select_related("team").order_by("pk")
        ],
        "sessions": [
            {"address": session.ip, "browser": session.user_agent, "since": session.created_at}
            for session in sessions_of(user)
        ],
        "keys": [_key_facts(key) for key in _keys_of(user)],
    }


def _keys_of(user: User) -> list[ApiKey]:
    return list(ApiKey.objects.filter(user=user).select_related("team").prefetch_related("secrets").order_by("pk"))


def _key_facts(key: ApiKey) -> dict[str, Any]:
    return {
        "name": key.name,
        "team": key.team.slug,
        "begins_with": [secret.prefix for secret in key.secrets.all()],
        "scopes": key.scopes,
        "is_service": key.is_service,
        "created": key.created_at,
        "expires": key.expires_at,
        "revoked": key.revoked_at,
        "last_used": key.last_used_at,
    }
