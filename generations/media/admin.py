"""Stored files in the admin site."""

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.template.defaultfilters import filesizeformat
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from generations.common.admin import ReadOnlyAdmin

from .models import Asset, AssetKind
from .serving import serve_asset


def thumbnail(asset: Asset | None, height: int = 48) -> SafeString | str:
    """Return an `<img>` of an image or poster. The admin site serves the file to staff."""
    if asset is None or asset.kind == AssetKind.VIDEO:
        return "–"
    width = round(height * asset.width / asset.height)
    url = reverse("admin:generations_asset_file", args=[asset.pk])
    return format_html('<img src="{}" alt="" width="{}" height="{}" loading="lazy">', url, width, height)


@admin.register(Asset)
class AssetAdmin(ReadOnlyAdmin[Asset]):
    list_display = ("preview", "id", "kind", "team", "width", "height", "length", "size", "uploader", "created_at")
    list_filter = ("kind", "mime", "created_at", "team")
    list_select_related = ("team", "uploader")
    search_fields = ("sha256", "original_name", "uploader__email", "team__slug")
    uuid_fields = ("id",)
    date_hierarchy = "created_at"
    ordering = ("-id",)
    exclude = ("placeholder",)
    readonly_fields = ("file",)

    @admin.display(description="")
    def preview(self, asset: Asset) -> SafeString | str:
        return thumbnail(asset)

    @admin.display(ordering="bytes")
    def size(self, asset: Asset) -> str:
        return filesizeformat(asset.bytes)

    @admin.display(ordering="frames")
    def length(self, asset: Asset) -> str:
        return f"{asset.seconds:.1f} s" if asset.seconds else "–"

    @admin.display
    def file(self, asset: Asset) -> SafeString:
        url = reverse("admin:generations_asset_file", args=[asset.pk])
        return format_html('<a href="{}">Open</a>', url)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.serve)
        return [path("<uuid:asset_id>/file/", view, name="generations_asset_file"), *super().get_urls()]

    def serve(self, request: HttpRequest, asset_id: str) -> HttpResponseBase:
        """Serve the file to staff, who need not be members of the team."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        return serve_asset(request, get_object_or_404(Asset, pk=asset_id))
