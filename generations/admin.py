"""Gathers the admin pages of the rooms, where each is defined.

People sign in on the site's own page, so that its throttle and its second factors hold here as well.
"""

from allauth.account.decorators import secure_admin_login
from django.apps import apps
from django.contrib import admin

from .accounts.admin import MembershipAdmin, TeamAdmin, UserAdmin
from .credits.admin import HoldAdmin, LedgerEntryAdmin, OfferedModelAdmin, PriceRowAdmin, QuotaAdmin, WalletAdmin
from .events.admin import EventAdmin
from .events.audit_log import audited
from .jobs.admin import AttemptAdmin, GenerationAdmin
from .library.admin import ShotAdmin, TakeAdmin
from .media.admin import AssetAdmin

__all__ = [
    "AssetAdmin",
    "AttemptAdmin",
    "EventAdmin",
    "GenerationAdmin",
    "HoldAdmin",
    "LedgerEntryAdmin",
    "MembershipAdmin",
    "OfferedModelAdmin",
    "PriceRowAdmin",
    "QuotaAdmin",
    "ShotAdmin",
    "TakeAdmin",
    "TeamAdmin",
    "UserAdmin",
    "WalletAdmin",
]

admin.site.site_header = admin.site.site_title = "Dailies"
admin.site.index_title = "Site administration"
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]

# Pages of libraries too: they have been registered before, since this app is the last of the list.
for model in apps.get_models():
    if admin.site.is_registered(model):
        page = type(admin.site.get_model_admin(model))
        admin.site.unregister(model)
        admin.site.register(model, audited(page))
