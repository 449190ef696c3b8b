"""Pages elsewhere: what the CORS library says to requests that a page sent, and nothing to all others."""

from collections.abc import Awaitable
from typing import cast

from corsheaders.middleware import CorsMiddleware
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.cache import patch_vary_headers


class OriginsMiddleware(CorsMiddleware):
    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        if "HTTP_ORIGIN" in request.META:
            return super().__call__(request)
        response = cast("HttpResponseBase", self.get_response(request))
        patch_vary_headers(response, ("origin",))  # a page would be answered otherwise
        return response
