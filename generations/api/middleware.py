"""The API's own way through Django: no sessions, no cookies, no templates, and every failure in its own words."""

import random
from collections.abc import Callable
from functools import reduce

import structlog
from django.conf import settings
from django.core.exceptions import BadRequest
from django.core.signals import got_request_exception
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.urls import resolve
from django.utils.module_loading import import_string

from generations.contract.errors import API, SERVICE_UNAVAILABLE

from .answers import answer_of, kind_of
from .v1 import problems

Handler = Callable[[HttpRequest], HttpResponseBase]

PREFIXES = ("/v1/", "/v2/", "/api/")
_MANAGEMENT = "/api/"
_FILES = "/v1/files/"
_PAGES = "/api/v1/docs"  # for people, with the pages' look and policy

log = structlog.get_logger(__name__)


class FrontMiddleware:
    """Stands before all others: names the request, and sends it down one of two chains.

    Pages go on through `MIDDLEWARE`; the API goes through `API_MIDDLEWARE` straight to its view.
    """

    def __init__(self, get_response: Handler) -> None:
        self._pages = get_response
        chain = [import_string(path) for path in reversed(settings.API_MIDDLEWARE)]
        self._api: Handler = reduce(lambda handler, middleware: middleware(handler), chain, _call_view)

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        request_id = f"{random.getrandbits(128):032x}"  # a name, not a secret
        request.META["HTTP_X_REQUEST_ID"] = request_id  # where the log of the pages looks for it
        if "//" in request.path_info:
            _tidy(request)
        response = self._api(request) if _is_of_api(request.path_info) else self._pages(request)
        response["x-request-id"] = request_id
        return response


class LogMiddleware:
    """One line a request, and its id on every line that is written for it."""

    def __init__(self, get_response: Handler) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        with structlog.contextvars.bound_contextvars(request_id=request.META["HTTP_X_REQUEST_ID"]):
            response = self._get_response(request)
            log.info("request_finished", request=_spoken(request), code=response.status_code)
        response._has_been_logged = True  # type: ignore[attr-defined] # Django's own line would say it again
        return response


class ErrorMiddleware:
    """Turn whatever is raised into an answer: the contract's envelope, or problem details under `/api/`."""

    def __init__(self, get_response: Handler) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        try:
            response = self._answer(request)
        except Exception as error:
            response = _translated(request, error)
        response.headers.setdefault("Cache-Control", "no-store")
        response.headers.setdefault("X-Content-Type-Options", "nosniff")
        if isinstance(response, HttpResponse):
            response.headers.setdefault("Content-Length", str(len(response.content)))
        return response

    def _answer(self, request: HttpRequest) -> HttpResponseBase:
        if settings.SECURE_SSL_REDIRECT and not request.is_secure():
            # A redirect would come too late: the key has been sent in the open.
            raise BadRequest("plain http")
        return self._get_response(request)


def _spoken(request: HttpRequest) -> str:
    """Method and path for the log. Signed addresses are permissions: neither query nor token is written down."""
    path = f"{_FILES}…" if request.path.startswith(_FILES) else request.path
    return f"{request.method} {path}"


def _is_of_api(path: str) -> bool:
    return f"{path}/".startswith(PREFIXES) and not path.startswith(_PAGES)


def _call_view(request: HttpRequest) -> HttpResponseBase:
    match = request.resolver_match = resolve(request.path_info)
    response: HttpResponseBase = match.func(request, *match.args, **match.kwargs)
    return response


def _tidy(request: HttpRequest) -> None:
    """Base URLs are written with and without a slash at the end: `//v2/…` is meant as `/v2/…`."""
    path = "/" + "/".join(part for part in request.path_info.split("/") if part)
    path += "/" if request.path_info.endswith("/") and path != "/" else ""
    if path.startswith(PREFIXES):
        request.path = request.path_info = path


def _translated(request: HttpRequest, error: Exception) -> HttpResponseBase:
    kind = kind_of(error)
    if kind is API:
        log.exception("request_failed")
        request._raised_exception = error  # type: ignore[attr-defined] # keeps django-structlog from telling it again
        got_request_exception.send(sender=ErrorMiddleware, request=request)  # for the error tracker
    elif kind is SERVICE_UNAVAILABLE:
        log.warning("service_unavailable", error=type(error).__name__, detail=str(error).partition("\n")[0])
    answer = answer_of(error)
    return _problem(answer) if request.path_info.startswith(_MANAGEMENT) else answer


def _problem(answer: JsonResponse) -> HttpResponseBase:
    """The same status and time to wait, as problem details."""
    kind = next((kind for kind in problems.KINDS if kind.status == answer.status_code), problems.FAULT)
    headers = {name: answer[name] for name in ("Retry-After",) if name in answer}
    return problems.problem(kind, headers=headers)
