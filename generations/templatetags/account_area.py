"""The side navigation of the account's pages."""

from dataclasses import dataclass
from typing import Any

from django import template
from django.conf import settings
from django.urls import reverse

register = template.Library()


@dataclass(frozen=True)
class Item:
    label: str
    icon: str
    url: str
    is_current: bool


_PAGES = (
    ("Profile", "circle-user", "account_profile", ("account_profile",)),
    ("Email", "mail", "account_email", ("account_email",)),
    ("Password", "key-round", "account_change_password", ("account_change_password", "account_set_password")),
    ("Two-factor", "shield-check", "mfa_index", ("mfa_",)),
    ("Sessions", "monitor", "account_sessions", ("account_sessions",)),
    ("Connected accounts", "link", "socialaccount_connections", ("socialaccount_",)),
    ("Your data", "download", "account_data", ("account_data", "account_delete")),
)


@register.inclusion_tag("account/_nav.html", takes_context=True)
def account_nav(context: dict[str, Any]) -> dict[str, list[Item]]:
    """Every page of the account, connections only where there is something to connect."""
    match = context["request"].resolver_match
    here = match.view_name if match else ""
    pages = [page for page in _PAGES if page[2] != "socialaccount_connections" or settings.SOCIALACCOUNT_PROVIDERS]
    return {"items": [Item(label, icon, reverse(name), here.startswith(names)) for label, icon, name, names in pages]}
