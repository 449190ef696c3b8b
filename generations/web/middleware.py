"""Show each DailiesError as an error page, or as a notice for htmx."""

from collections.abc import Callable
from http import HTTPStatus
from typing import cast

from django.http import HttpRequest, HttpResponse

from generations.common.errors import DailiesError
from generations.credits.errors import OutOfCreditsError

from .credits.request_panel import insufficient_credits_page
from .decorators import TeamRequest
from .errors import error_page


class ErrorMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.status_code == HTTPStatus.METHOD_NOT_ALLOWED and not response.content:
            page = error_page(request, HTTPStatus.METHOD_NOT_ALLOWED)
            page["Allow"] = response["Allow"]
            return page
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, DailiesError):
            return None
        if isinstance(exception, OutOfCreditsError) and hasattr(request, "membership"):
            return insufficient_credits_page(cast(TeamRequest, request), exception.shortage)
        return error_page(request, HTTPStatus(exception.status), exception.message)
