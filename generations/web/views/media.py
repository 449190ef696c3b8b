from uuid import UUID

from django.http.response import HttpResponseBase
from django.views.decorators.http import require_safe

from generations.media.access import access_asset
from generations.media.serve import serve_asset

from ..teams import PageRequest, signed_in


@signed_in
@require_safe
def asset(request: PageRequest, asset_id: UUID) -> HttpResponseBase:
    """The bytes of a still, a poster or a video, for members of its team."""
    return serve_asset(request, access_asset(request.user, asset_id), is_for_player=True)
