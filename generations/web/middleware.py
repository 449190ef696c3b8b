"""Translate refusals once: each DailiesError becomes a status and a page, or a notice for htmx."""

from collections.abc import Callable
from http import HTTPStatus
from typing import cast

from django.http import HttpRequest, HttpResponse

from generations.accounts.deletion import LastOwnerError
from generations.accounts.invitations import AlreadyInError
from generations.accounts.joining import DeactivatedError
from generations.accounts.keys import EndedKeyError
from generations.accounts.members import OwnerNeededError
from generations.common.encryption import UnreadableSecretError
from generations.common.errors import DailiesError, ForbiddenError, NotFoundError
from generations.common.pagination import BadCursorError
from generations.credits.errors import BadGrantError, FrozenError, OutOfCreditsError, TooManyJobsError
from generations.credits.freezes import BadFreezeError
from generations.credits.prices import NoPriceError
from generations.credits.raises import BadRaiseError
from generations.credits.requests import AlreadyAskedError, AlreadyDecidedError, BadRequestError
from generations.jobs.cancel_retry import NotCancelableError, NotRetryableError
from generations.jobs.submit import InvalidWishError
from generations.media.stills import BadStillError
from generations.media.storage_errors import StorageError
from generations.review.decisions import NotATakeError

from .credits.request_panel import shortage_page
from .decorators import TeamRequest
from .errors import error_page
from .studio.page import NothingOfferedError

STATUS: dict[type[DailiesError], HTTPStatus] = {
    NotFoundError: HTTPStatus.NOT_FOUND,
    ForbiddenError: HTTPStatus.FORBIDDEN,
    BadCursorError: HTTPStatus.BAD_REQUEST,
    OutOfCreditsError: HTTPStatus.PAYMENT_REQUIRED,
    TooManyJobsError: HTTPStatus.TOO_MANY_REQUESTS,
    FrozenError: HTTPStatus.SERVICE_UNAVAILABLE,
    AlreadyAskedError: HTTPStatus.CONFLICT,
    AlreadyDecidedError: HTTPStatus.CONFLICT,
    BadRequestError: HTTPStatus.UNPROCESSABLE_ENTITY,
    BadRaiseError: HTTPStatus.UNPROCESSABLE_ENTITY,
    BadGrantError: HTTPStatus.UNPROCESSABLE_ENTITY,
    BadFreezeError: HTTPStatus.UNPROCESSABLE_ENTITY,
    EndedKeyError: HTTPStatus.CONFLICT,
    AlreadyInError: HTTPStatus.CONFLICT,
    DeactivatedError: HTTPStatus.CONFLICT,
    OwnerNeededError: HTTPStatus.CONFLICT,
    LastOwnerError: HTTPStatus.CONFLICT,
    NotCancelableError: HTTPStatus.CONFLICT,
    NotRetryableError: HTTPStatus.CONFLICT,
    NotATakeError: HTTPStatus.CONFLICT,
    BadStillError: HTTPStatus.UNPROCESSABLE_ENTITY,
    InvalidWishError: HTTPStatus.UNPROCESSABLE_ENTITY,
    NoPriceError: HTTPStatus.UNPROCESSABLE_ENTITY,
    StorageError: HTTPStatus.SERVICE_UNAVAILABLE,
    UnreadableSecretError: HTTPStatus.SERVICE_UNAVAILABLE,
    NothingOfferedError: HTTPStatus.SERVICE_UNAVAILABLE,
}


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
            return shortage_page(cast(TeamRequest, request), exception.shortage)
        return error_page(request, status_of(exception), exception.message)


def status_of(error: DailiesError) -> HTTPStatus:
    """The status of the nearest class in the table; a refusal that is not listed is a bad request."""
    return next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), HTTPStatus.BAD_REQUEST)
