"""Error pages in the product's look. For htmx the same words as a notice."""

import sys
from http import HTTPStatus

from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string

WORDS: dict[HTTPStatus, tuple[str, str]] = {
    HTTPStatus.BAD_REQUEST: ("That did not work", "The request could not be read. Go back and try again."),
    HTTPStatus.PAYMENT_REQUIRED: ("Not enough credits", "There are not enough credits for this."),
    HTTPStatus.FORBIDDEN: ("Not for your role", "You may look at this team, but not do this."),
    HTTPStatus.NOT_FOUND: ("There is nothing here", "The page is gone, or it is not for you to see."),
    HTTPStatus.METHOD_NOT_ALLOWED: (
        "That is not how this page works",
        "Open it from a link or a button of the studio.",
    ),
    HTTPStatus.CONFLICT: ("Too late for that", "Something changed in the meantime. Look again and decide anew."),
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: ("That is too large", "Send less at once."),
    HTTPStatus.UNPROCESSABLE_ENTITY: ("That cannot be done", "Something in the form does not fit."),
    HTTPStatus.SERVICE_UNAVAILABLE: ("Not at present", "Try again in a few minutes."),
    HTTPStatus.TOO_MANY_REQUESTS: ("Too many tries", "Wait a few minutes, then try again."),
}


def error_page(request: HttpRequest, status: HTTPStatus, message: str = "") -> HttpResponse:
    """Render one error. htmx gets a notice for the top of the page, whatever it meant to replace."""
    title, text = WORDS.get(status, WORDS[HTTPStatus.BAD_REQUEST])
    says_more = message.rstrip(".") not in ("", title, "Not found")
    context = {"status": int(status), "title": title, "text": message if says_more else text, "level": "error"}
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
    """Django calls this while it handles the exception. The pages ask the database for nothing: it may be the cause."""
    if isinstance(sys.exc_info()[1], (OperationalError, InterfaceError)):
        return HttpResponse(render_to_string("503.html"), status=503, headers={"Retry-After": "30"})
    return HttpResponse(render_to_string("500.html"), status=500)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return error_page(request, HTTPStatus.FORBIDDEN, "This form is out of date. Reload the page, then send it again.")
