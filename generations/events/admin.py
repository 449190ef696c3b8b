"""Events in the admin site, read-only."""

from django.contrib import admin

from generations.common.admin import ReadOnlyAdmin

from .models import Event


@admin.register(Event)
class EventAdmin(ReadOnlyAdmin[Event]):
    list_display = ("id", "created_at", "kind", "team", "actor", "subject_id")
    list_filter = ("created_at", "team")
    list_select_related = ("team", "actor")
    search_fields = ("kind", "actor__email", "team__slug")
    uuid_fields = ("subject_id",)
    date_hierarchy = "created_at"
    ordering = ("-id",)
