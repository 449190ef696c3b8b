"""Results for whoever has their signed address: no key, no redirect, ranges and HEAD."""

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from generations.contract.errors import INVALID_REQUEST
from generations.media.serving import asset_by_token, serve_asset

from ..answers import error_answer
from ..endpoint import for_everybody


@for_everybody("GET", "HEAD")
def file(request: HttpRequest, token: str, name: str) -> HttpResponseBase:
    response = serve_asset(request, asset_by_token(token), filename=name)
    if response.status_code == 416:
        beyond = error_answer(INVALID_REQUEST, "The range lies beyond the end of the file.", status=416)
        beyond["Content-Range"] = response["Content-Range"]
        return beyond
    response["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response
