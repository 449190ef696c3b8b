"""Template context of every page: four queries for a signed-in member of a team, one more for site staff."""

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

THEME_COOKIE = "theme"
THEMES = ("light", "dark")
# Beginnings of the URL names of personal pages, which belong to no team.
PERSONAL_PAGES = ("account_", "mfa_", "socialaccount_", "notification", "new_team")
# URL names that belong to a tab of another name.
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
    """Return what the layout needs. Callables and querysets run only when a template uses them."""
    shared = {
        "is_demo": settings.IS_DEMO,
        "is_local_engine": settings.IS_LOCAL_ENGINE,
        "theme": theme_of(request),
        "open_alerts": Alert.objects.open().order_by("opened_at"),
        "account_links": partial(account_links, request),
        "unread": partial(count_unread, request.user.pk) if request.user.is_authenticated else 0,
    }
    membership: Membership | None = getattr(request, "membership", None) or _last_team(request)
    return {**shared, **_team(request, membership)} if membership else {**shared, "membership": None}


def theme_of(request: HttpRequest) -> str:
    """Return `light` or `dark`, or an empty string for the system's setting.

    The choice is a cookie, so the server renders the theme and the page does not flash.
    """
    theme = request.COOKIES.get(THEME_COOKIE, "")
    return theme if theme in THEMES else ""


def _last_team(request: HttpRequest) -> Membership | None:
    """On personal pages, return the team opened last. Only the layout uses it; no view does."""
    name = request.resolver_match.view_name if request.resolver_match else ""
    is_personal = name.startswith(PERSONAL_PAGES) and request.user.is_authenticated
    slug = request.session.get(LAST_TEAM) if is_personal else None
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
        "teams": teams_of(membership.user),
        "balance": request.balance if hasattr(request, "balance") else partial(balance_of, membership),
        "freezes": freezes_of(membership.team),
    }


def tabs(request: HttpRequest, membership: Membership) -> list[Tab]:
    """Return the main pages of a team that the member's role may open."""
    pages = [
        ("studio", "Studio", "clapperboard", Right.GENERATE),
        ("jobs", "Jobs", "list-video", Right.GENERATE),
        ("gallery", "Gallery", "layout-grid", Right.VIEW),
        ("credits", "Credits", "wallet", Right.VIEW),
    ]
    return _links(request, membership, pages)


def team_links(request: HttpRequest, membership: Membership) -> list[Tab]:
    """Return the pages of the team menu that the member's role may open."""
    pages = [
        ("people", "Members", "users", Right.MANAGE_TEAM),
        ("keys", "API keys", "key-round", Right.VIEW),
        ("projects", "Projects", "folder", Right.GENERATE),
        ("webhooks", "Webhooks", "webhook", Right.MANAGE_TEAM),
        ("audit", "Audit log", "scroll-text", Right.MANAGE_TEAM),
        ("team_settings", "Settings", "settings-2", Right.MANAGE_TEAM),
        ("leave_team", "Leave team", "log-out", Right.VIEW),
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
