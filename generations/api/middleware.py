"""Middleware of the API: separate from that of the pages, without sessions and cookies, with JSON errors."""

import random
from collections.abc import Awaitable, Callable
from functools import reduce
from typing import cast

import structlog
from corsheaders.middleware import CorsMiddleware
from django.conf import settings
from django.core.exceptions import BadRequest
from django.core.signals import got_request_exception
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.urls import resolve
from django.utils.cache import patch_vary_headers
from django.utils.module_loading import import_string

from generations.contract.errors import API, SERVICE_UNAVAILABLE

from .contract.responses import kind_of, response_of
from .management import problems

Handler = Callable[[HttpRequest], HttpResponseBase]

PREFIXES = ("/v1/", "/v2/", "/api/")
_MANAGEMENT = "/api/"
_FILES = "/v1/files/"
_PAGES = "/api/v1/docs"  # an HTML page, so it uses the middleware of the pages

log = structlog.get_logger(__name__)


class FrontMiddleware:
    """The outermost middleware: sets the request id and chooses one of two chains.

    Pages use `MIDDLEWARE`. The API uses `API_MIDDLEWARE` and then calls its view.
    """

    def __init__(self, get_response: Handler) -> None:
        self._pages = get_response
        chain = [import_string(path) for path in reversed(settings.API_MIDDLEWARE)]
        self._api: Handler = reduce(lambda handler, middleware: middleware(handler), chain, _call_view)

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        request_id = f"{random.getrandbits(128):032x}"  # not a secret
        request.META["HTTP_X_REQUEST_ID"] = request_id  # django-structlog reads it from here
        if "//" in request.path_info:
            _normalize_slashes(request)
        response = self._api(request) if _is_api_path(request.path_info) else self._pages(request)
        response["x-request-id"] = request_id
        return response


class OriginsMiddleware(CorsMiddleware):
    """Apply CORS to requests with an Origin only; other responses just vary by it."""

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        if "HTTP_ORIGIN" in request.META:
            return super().__call__(request)
        response = cast("HttpResponseBase", self.get_response(request))
        patch_vary_headers(response, ("origin",))
        return response


class LogMiddleware:
    """Log one line per request, and bind its id to every log line in between."""

    def __init__(self, get_response: Handler) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        with structlog.contextvars.bound_contextvars(request_id=request.META["HTTP_X_REQUEST_ID"]):
            response = self._get_response(request)
            log.info("request_finished", request=_loggable(request), code=response.status_code)
        response._has_been_logged = True  # type: ignore[attr-defined] # suppresses Django's own line
        return response


class ErrorMiddleware:
    """Render every exception: as the contract's envelope, or as problem details under `/api/`."""

    def __init__(self, get_response: Handler) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        try:
            response = self._get_response_over_https(request)
        except Exception as error:
            response = _render(request, error)
        response.headers.setdefault("Cache-Control", "no-store")
        response.headers.setdefault("X-Content-Type-Options", "nosniff")
        if isinstance(response, HttpResponse):
            response.headers.setdefault("Content-Length", str(len(response.content)))
        return response

    def _get_response_over_https(self, request: HttpRequest) -> HttpResponseBase:
        if settings.SECURE_SSL_REDIRECT and not request.is_secure():
            # Do not redirect: the key has already been sent unencrypted.
            raise BadRequest("plain http")
        return self._get_response(request)


def _loggable(request: HttpRequest) -> str:
    """Return method and path for the log, without the query and the token of a signed URL, which grant access."""
    path = f"{_FILES}…" if request.path.startswith(_FILES) else request.path
    return f"{request.method} {path}"


def _is_api_path(path: str) -> bool:
    return f"{path}/".startswith(PREFIXES) and not path.startswith(_PAGES)


def _call_view(request: HttpRequest) -> HttpResponseBase:
    match = request.resolver_match = resolve(request.path_info)
    response: HttpResponseBase = match.func(request, *match.args, **match.kwargs)
    return response


def _normalize_slashes(request: HttpRequest) -> None:
    """Accept base URLs with a trailing slash: read `//v2/…` as `/v2/…`."""
    path = "/" + "/".join(part for part in request.path_info.split("/") if part)
    path += "/" if request.path_info.endswith("/") and path != "/" else ""
    if path.startswith(PREFIXES):
        request.path = request.path_info = path


def _render(request: HttpRequest, error: Exception) -> HttpResponseBase:
    kind = kind_of(error)
    if kind is API:
        log.exception("request_failed")
        request._raised_exception = error  # type: ignore[attr-defined] # suppresses django-structlog's own log line
        got_request_exception.send(sender=ErrorMiddleware, request=request)  # for the error tracker
    elif kind is SERVICE_UNAVAILABLE:
        log.warning("service_unavailable", error=type(error).__name__, detail=str(error).partition("\n")[0])
    response = response_of(error)
    return _problem(response) if request.path_info.startswith(_MANAGEMENT) else response


def _problem(response: JsonResponse) -> HttpResponseBase:
    """Return problem details with the same status and Retry-After."""
    kind = next((kind for kind in problems.KINDS if kind.status == response.status_code), problems.FAULT)
    headers = {name: response[name] for name in ("Retry-After",) if name in response}
    return problems.problem(kind, headers=headers)
