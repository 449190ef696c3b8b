"""Admin pages of shots and takes, read-only."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from generations.common.admin import ReadOnlyAdmin, ReadOnlyInline
from generations.media.admin import thumbnail

from .models import Shot, Take


class TakeInline(ReadOnlyInline[Take]):
    model = Take
    fields = ("number", "model", "resolution", "seconds", "price", "review_state", "author", "created_at")
    ordering = ("number",)
    show_change_link = True


@admin.register(Shot)
class ShotAdmin(ReadOnlyAdmin[Shot]):
    list_display = ("image", "id", "title", "team", "project", "last_take_number", "created_at")
    list_display_links = ("image", "id")
    list_filter = ("created_at", "team")
    list_select_related = ("team", "project", "first_frame")
    search_fields = ("title", "team__slug", "project__name")
    search_help_text = "A complete id, or words of the title, the project or the team."
    uuid_fields = ("id",)
    date_hierarchy = "created_at"
    ordering = ("-id",)
    inlines = (TakeInline,)

    @admin.display(description="")
    def image(self, shot: Shot) -> SafeString | str:
        return thumbnail(shot.first_frame)


@admin.register(Take)
class TakeAdmin(ReadOnlyAdmin[Take]):
    list_display = ("image", "prompt_text", "number", "model", "resolution", "seconds", "price", "team", "author")
    list_display_links = ("image", "prompt_text")
    list_filter = ("review_state", "created_at", "team")
    search_fields = ("prompt", "author__email", "team__slug")
    search_help_text = "A complete id, or words of the prompt, an email address or a team."
    uuid_fields = ("id", "shot_id")
    date_hierarchy = "created_at"
    ordering = ("-id",)
    readonly_fields = ("id", "image")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Take]:
        return super().get_queryset(request).select_related("team", "author", "poster")

    @admin.display(description="")
    def image(self, take: Take) -> SafeString | str:
        return thumbnail(take.poster)

    @admin.display(description="prompt")
    def prompt_text(self, take: Take) -> str:
        return str(take)
