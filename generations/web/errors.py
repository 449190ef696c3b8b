"""Error pages: the middleware for DailiesError and Django's error handlers. htmx gets a message instead of a page."""

import sys
from collections.abc import Callable
from http import HTTPStatus
from typing import cast

from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string

from generations.common.errors import DailiesError
from generations.credits.errors import OutOfCreditsError

from .credits.request_panel import insufficient_credits_page
from .decorators import TeamRequest

MESSAGES: dict[HTTPStatus, tuple[str, str]] = {
    HTTPStatus.BAD_REQUEST: ("Bad request", "The request could not be read. Go back and try again."),
    HTTPStatus.PAYMENT_REQUIRED: ("Not enough credits", "There are not enough credits for this."),
    HTTPStatus.FORBIDDEN: ("You don't have access", "Your role does not allow this."),
    HTTPStatus.NOT_FOUND: ("Page not found", "It may have been removed, or you may not have access."),
    HTTPStatus.METHOD_NOT_ALLOWED: (
        "This page can't be opened this way",
        "Open it from a link or a button.",
    ),
    HTTPStatus.CONFLICT: ("This has changed", "Reload the page and try again."),
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: ("File or request too large", "Send less data and try again."),
    HTTPStatus.UNPROCESSABLE_ENTITY: ("Check the form and try again", "Some values in the form are not valid."),
    HTTPStatus.SERVICE_UNAVAILABLE: ("Temporarily unavailable", "Try again in a few minutes."),
    HTTPStatus.TOO_MANY_REQUESTS: ("Too many attempts", "Wait a few minutes, then try again."),
}


class ErrorMiddleware:
    """Show each DailiesError as an error page, or as a message for htmx."""

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


def error_page(request: HttpRequest, status: HTTPStatus, message: str = "") -> HttpResponse:
    """Render one error. htmx shows it as a message at the top of the page, not in the element it meant to replace."""
    title, text = MESSAGES.get(status, MESSAGES[HTTPStatus.BAD_REQUEST])
    has_details = message.rstrip(".") not in ("", title, "Not found")
    context = {"status": int(status), "title": title, "text": message if has_details else text, "level": "error"}
    if not getattr(request, "htmx", False):
        return render(request, "errors/error.html", context, status=status)
    response = render(request, "components/message.html", context, status=status)
    response["HX-Retarget"] = "#messages"
    response["HX-Reswap"] = "innerHTML show:window:top"
    return response


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    too_large = (RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent)
    is_too_large = isinstance(exception, too_large)
    return error_page(request, HTTPStatus.REQUEST_ENTITY_TOO_LARGE if is_too_large else HTTPStatus.BAD_REQUEST)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return error_page(request, HTTPStatus.FORBIDDEN)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return error_page(request, HTTPStatus.NOT_FOUND)


def server_error(request: HttpRequest) -> HttpResponse:
    """Render a page for an unhandled exception. The pages make no queries: the database may be the cause."""
    if isinstance(sys.exc_info()[1], (OperationalError, InterfaceError)):
        return HttpResponse(render_to_string("503.html"), status=503, headers={"Retry-After": "30"})
    return HttpResponse(render_to_string("500.html"), status=500)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return error_page(request, HTTPStatus.FORBIDDEN, "This form has expired. Reload the page and try again.")
