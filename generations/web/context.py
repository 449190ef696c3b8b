"""What every template may use. Three queries for a signed-in member of a team, and one for site staff."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

from generations.accounts.models import Membership, Team
from generations.accounts.roles import Right
from generations.events.models import Alert

from .theme import theme_of


@dataclass(frozen=True)
class Tab:
    label: str
    icon: str
    url: str
    is_current: bool


def studio(request: HttpRequest) -> dict[str, Any]:
    shared = {
        "is_demo": settings.IS_DEMO,
        "is_local_engine": settings.IS_LOCAL_ENGINE,
        "theme": theme_of(request),
        # Not read before a template shows it, and it shows it to staff alone.
        "open_alerts": Alert.objects.open().order_by("opened_at"),
    }
    membership: Membership | None = getattr(request, "membership", None)
    return {**shared, **_team(request, membership)} if membership else {**shared, "membership": None}


def _team(request: HttpRequest, membership: Membership) -> dict[str, Any]:
    return {
        "membership": membership,
        "can_generate": membership.can(Right.GENERATE),
        "tabs": tabs(request, membership),
        # Neither is read before a template shows it.
        "teams": Team.objects.filter(members=membership.user).order_by("name"),
        "balance": getattr(request, "balance", None),
    }


def tabs(request: HttpRequest, membership: Membership) -> list[Tab]:
    """The pages of a team that the member's role may open."""
    pages = [("studio", "Studio", "clapperboard", Right.GENERATE), ("jobs", "Jobs", "list-video", Right.GENERATE)]
    pages += [("gallery", "Gallery", "layout-grid", Right.VIEW), ("credits", "Credits", "wallet", Right.VIEW)]
    current = request.resolver_match.view_name if request.resolver_match else ""
    return [
        Tab(label, icon, reverse(name, args=[membership.team.slug]), name == current)
        for name, label, icon, right in pages
        if membership.can(right)
    ]
