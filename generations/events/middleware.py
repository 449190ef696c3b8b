"""Let pages connect to the live events when these have a port of their own."""

from collections.abc import Callable

from django.conf import settings
from django.core.exceptions import MiddlewareNotUsed
from django.http import HttpRequest, HttpResponseBase

from .address import events_origin


class LiveEventsPolicyMiddleware:
    """Adds the stream's origin to `connect-src`. Stands after CSPMiddleware, which writes the header."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        if settings.EVENTS_PORT is None:
            raise MiddlewareNotUsed
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if response.get("Content-Type", "").startswith("text/html"):
            update = {**getattr(response, "_csp_update", {})}
            update["connect-src"] = [*update.get("connect-src", []), events_origin(request)]
            response._csp_update = update  # type: ignore[attr-defined]
        return response
