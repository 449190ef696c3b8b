"""Light, dark, or as the system says. The choice is a cookie that the server reads, so that no page flashes."""

from dataclasses import dataclass
from functools import partial
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

from generations.accounts.access import access_team
from generations.accounts.models import Membership
from generations.accounts.roles import Right
from generations.accounts.teams import teams_of
from generations.common.errors import NotFoundError
from generations.credits.balances import balance_of
from generations.credits.freezes import freezes_of
from generations.events.models import Alert
from generations.events.notifications import count_unread

from .decorators import LAST_TEAM

COOKIE = "theme"
THEMES = ("light", "dark")


def theme_of(request: HttpRequest) -> str:
    """Return `light` or `dark`, or an empty string for the system's own."""
    theme = request.COOKIES.get(COOKIE, "")
    return theme if theme in THEMES else ""


# Pages of a person, which belong to no team.
OWN_PAGES = ("account_", "mfa_", "socialaccount_", "notification", "new_team")
# Pages that stand below a tab of another name.
PARENTS = {
    **dict.fromkeys(("credit_requests", "quotas", "quota", "credit_report", "credit_alerts"), "credits"),
    **dict.fromkeys(("key", "key_new"), "keys"),
    **dict.fromkeys(("webhook", "webhook_new", "webhook_edit", "webhook_delivery"), "webhooks"),
}


# Pages of the account: label, icon, URL name, and the beginnings of the URL names that belong to it.
ACCOUNT_PAGES = (
    ("Profile", "circle-user", "account_profile", ("account_profile",)),
    ("Email", "mail", "account_email", ("account_email",)),
    ("Password", "key-round", "account_change_password", ("account_change_password", "account_set_password")),
    ("Two-factor", "shield-check", "mfa_index", ("mfa_",)),
    ("Sessions", "monitor", "account_sessions", ("account_sessions",)),
    ("Connected accounts", "link", "socialaccount_connections", ("socialaccount_",)),
    ("Your data", "download", "account_data", ("account_data", "account_delete")),
)


@dataclass(frozen=True)
class Tab:
    label: str
    icon: str
    url: str
    is_current: bool


def site(request: HttpRequest) -> dict[str, Any]:
    shared = {
        "is_demo": settings.IS_DEMO,
        "is_local_engine": settings.IS_LOCAL_ENGINE,
        "theme": theme_of(request),
        # Not read before a template shows it, and it shows it to staff alone.
        "open_alerts": Alert.objects.open().order_by("opened_at"),
        "account_links": partial(account_links, request),
        "unread": partial(count_unread, request.user.pk) if request.user.is_authenticated else 0,
    }
    membership: Membership | None = getattr(request, "membership", None) or _last_team(request)
    return {**shared, **_team(request, membership)} if membership else {**shared, "membership": None}


def _last_team(request: HttpRequest) -> Membership | None:
    """On one's own pages, the team that one comes from; in the shell alone, and no view asks for it."""
    name = request.resolver_match.view_name if request.resolver_match else ""
    slug = request.session.get(LAST_TEAM) if name.startswith(OWN_PAGES) and request.user.is_authenticated else None
    try:
        return access_team(request.user, slug) if slug else None
    except NotFoundError:
        return None


def _team(request: HttpRequest, membership: Membership) -> dict[str, Any]:
    return {
        "membership": membership,
        "can_generate": membership.can(Right.GENERATE),
        "tabs": tabs(request, membership),
        "team_links": team_links(request, membership),
        # None of these is read before a template shows it.
        "teams": teams_of(membership.user),
        "balance": request.balance if hasattr(request, "balance") else partial(balance_of, membership),
        "freezes": freezes_of(membership.team),
    }


def tabs(request: HttpRequest, membership: Membership) -> list[Tab]:
    """The pages of a team that the member's role may open."""
    pages = [("studio", "Studio", "clapperboard", Right.GENERATE), ("jobs", "Jobs", "list-video", Right.GENERATE)]
    pages += [("gallery", "Gallery", "layout-grid", Right.VIEW), ("credits", "Credits", "wallet", Right.VIEW)]
    return _links(request, membership, pages)


def team_links(request: HttpRequest, membership: Membership) -> list[Tab]:
    """What stands in the team's menu: pages that are opened now and then."""
    pages = [("people", "People", "users", Right.MANAGE_TEAM), ("keys", "API keys", "key-round", Right.VIEW)]
    pages += [
        ("projects", "Projects", "folder", Right.GENERATE),
        ("webhooks", "Webhooks", "webhook", Right.MANAGE_TEAM),
    ]
    pages += [("audit", "Audit trail", "scroll-text", Right.MANAGE_TEAM)]
    pages += [
        ("team_settings", "Settings", "settings-2", Right.MANAGE_TEAM),
        ("leave_team", "Leave", "log-out", Right.VIEW),
    ]
    return _links(request, membership, pages)


def _links(request: HttpRequest, membership: Membership, pages: list[tuple[str, str, str, Right]]) -> list[Tab]:
    current = request.resolver_match.view_name if request.resolver_match else ""
    return [
        Tab(label, icon, reverse(name, args=[membership.team.slug]), PARENTS.get(current, current) == name)
        for name, label, icon, right in pages
        if membership.can(right)
    ]


def account_links(request: HttpRequest) -> list[Tab]:
    """Return the pages of the account; connections only if a provider is configured."""
    current = request.resolver_match.view_name if request.resolver_match else ""
    pages = [
        page for page in ACCOUNT_PAGES if page[2] != "socialaccount_connections" or settings.SOCIALACCOUNT_PROVIDERS
    ]
    return [Tab(label, icon, reverse(name), current.startswith(names)) for label, icon, name, names in pages]
