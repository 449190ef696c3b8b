"""Admin pages of generations and their attempts, read-only."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from generations.common.admin import ReadOnlyAdmin, ReadOnlyInline
from generations.contract.support import SUPPORT
from generations.media.admin import thumbnail

from .models import Attempt, Generation


class ModelFilter(admin.SimpleListFilter):
    """Offer the models of the contract. Reading the values that occur would scan the whole table."""

    title = "model"
    parameter_name = "model"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(name, name) for name in SUPPORT.models]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(model=self.value()) if self.value() else queryset


class AttemptInline(ReadOnlyInline[Attempt]):
    model = Attempt
    fields = (
        "number",
        "outcome",
        "status",
        "provider_job_id",
        "request_id",
        "error_type",
        "started_at",
        "responded_at",
    )
    show_change_link = True


@admin.register(Generation)
class GenerationAdmin(ReadOnlyAdmin[Generation]):
    list_display = (
        "image",
        "prompt_text",
        "state",
        "model",
        "size",
        "price",
        "team",
        "author",
        "created_at",
    )
    list_display_links = ("image", "prompt_text")
    list_filter = ("state", ModelFilter, "created_at", "team")
    list_select_related = ("team", "author", "take__poster", "first_frame")
    search_fields = ("prompt", "author__email", "team__slug")
    search_help_text = "A complete id, or words of the prompt, an email address or a team."
    uuid_fields = ("id", "hold__reference")
    date_hierarchy = "created_at"
    ordering = ("-id",)
    inlines = (AttemptInline,)
    readonly_fields = ("id", "large_image")
    fieldsets = (
        (None, {"fields": ("large_image", "id", "team", "author", "state")}),
        (
            "Settings",
            {
                "fields": (
                    "prompt",
                    "model",
                    "duration",
                    "resolution",
                    "fps",
                    "camera_motion",
                    "generate_audio",
                    "first_frame",
                    "last_frame",
                    "idempotency_key",
                )
            },
        ),
        ("Take", {"fields": ("shot", "take", "is_preview")}),
        ("Credits", {"fields": ("price", "credits_per_second", "hold")}),
        ("Times", {"fields": ("created_at", "state_since", "finished_at")}),
        ("Work", {"fields": ("error_type", "error_message", "failures", "next_action_at", "lease_until", "fence")}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Generation]:
        return super().get_queryset(request).select_related("team", "author", "take__poster", "first_frame")

    @admin.display(description="")
    def image(self, generation: Generation) -> SafeString | str:
        return thumbnail(generation.take.poster if generation.take else generation.first_frame)

    @admin.display(description="image")
    def large_image(self, generation: Generation) -> SafeString | str:
        return thumbnail(generation.take.poster if generation.take else generation.first_frame, height=240)

    @admin.display(ordering="duration")
    def size(self, generation: Generation) -> str:
        return f"{generation.resolution}, {generation.duration} s"

    @admin.display(description="prompt")
    def prompt_text(self, generation: Generation) -> str:
        return str(generation)


@admin.register(Attempt)
class AttemptAdmin(ReadOnlyAdmin[Attempt]):
    list_display = ("generation", "number", "outcome", "status", "error_type", "provider", "started_at", "responded_at")
    list_filter = ("outcome", "started_at")
    list_select_related = ("generation",)
    search_fields = ("provider_job_id", "request_id")
    search_help_text = "A complete id of Dailies, or a job id or request id of the provider."
    uuid_fields = ("id", "generation_id", "idempotency_key")
    date_hierarchy = "started_at"
    ordering = ("-id",)
