"""Base classes for the admin pages of the rooms."""

from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.db.models import Model, QuerySet
from django.http import HttpRequest

Row = TypeVar("Row", bound=Model)

if TYPE_CHECKING:
    from django.contrib.admin import ModelAdmin as ModelAdmin
    from django.contrib.admin import TabularInline as TabularInline
else:
    # Only the type checker subscripts Django's classes.
    class ModelAdmin(admin.ModelAdmin):
        def __class_getitem__(cls, _types: Any) -> type:
            return cls

    class TabularInline(admin.TabularInline):
        def __class_getitem__(cls, _types: Any) -> type:
            return cls


class RejectNulMixin:
    """Treats NUL in a filter, which PostgreSQL does not accept in text, as any other invalid filter."""

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        if any("\x00" in value for value in request.GET.values()):
            raise IncorrectLookupParameters
        return super().get_changelist_instance(request)  # type: ignore[misc]


class ReadOnlyMixin:
    """For rows that only services write: staff can view them but not change them."""

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class ReadOnlyAdmin(RejectNulMixin, ReadOnlyMixin, ModelAdmin[Row]):
    """A large read-only table. It does not count all rows besides the rows found."""

    show_full_result_count = False
    list_per_page = 50

    uuid_fields: tuple[str, ...] = ()
    """Fields that are compared with a complete UUID in the search box, by index instead of by text."""

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Row], search_term: str
    ) -> tuple[QuerySet[Row], bool]:
        key = _parse_uuid(search_term)
        if key is None or not self.uuid_fields:
            return super().get_search_results(request, queryset, search_term)
        found = queryset.none()
        for field in self.uuid_fields:
            found = found | queryset.filter(**{field: key})
        return found, False


class ReadOnlyInline(ReadOnlyMixin, TabularInline[Row, Any]):
    extra = 0
    can_delete = False


def _parse_uuid(text: str) -> UUID | None:
    try:
        return UUID(text.strip())
    except ValueError:
        return None
