"""The addresses of the management API. Whatever no operation answers is a problem too."""

from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.urls import URLPattern, path, re_path, resolve
from django.views.decorators.http import require_safe

from . import problems
from .api import api, openapi_document
from .docs import docs

app_name = "v1"


@require_safe
def document(request: HttpRequest) -> HttpResponseBase:
    """The OpenAPI document. It is about the API, not about a team, so anybody may read it."""
    return JsonResponse(openapi_document())


def missing(request: HttpRequest, path: str) -> HttpResponseBase:
    """Base URLs are written with and without a slash at the end; both forms answer."""
    if path.endswith("/"):
        match = resolve(request.path_info.rstrip("/"))
        return match.func(request, *match.args, **match.kwargs)  # type: ignore[no-any-return]
    return problems.problem(problems.NOT_FOUND, "There is no such address. The OpenAPI document lists them all.")


def _with_limits(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    left = getattr(request, "requests_left", None)
    if left is not None:
        response["RateLimit-Policy"] = f'"key";q={settings.API_RATE_KEY};w=60'
        response["RateLimit"] = f'"key";r={left}'
    return response


def refusing_methods(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Put the framework's bare refusal of a method into words."""

    @wraps(view)
    def wrapped(request: HttpRequest, **values: Any) -> HttpResponseBase:
        response = view(request, **values)
        if response.status_code != HTTPStatus.METHOD_NOT_ALLOWED:
            return _with_limits(request, response)
        allowed = ", ".join(sorted(response["Allow"].split(", ")))
        detail = f"Allowed here: {allowed}."
        return problems.problem(problems.METHOD_NOT_ALLOWED, detail, headers={"Allow": allowed})

    wrapped.csrf_exempt = True  # type: ignore[attr-defined] # a key is sent by hand, never by the browser
    return wrapped


def _guarded(pattern: URLPattern) -> URLPattern:
    return URLPattern(pattern.pattern, refusing_methods(pattern.callback), name=pattern.name)


urlpatterns = [
    path("docs", docs, name="docs"),
    path("openapi.json", refusing_methods(document), name="openapi"),
    *(_guarded(pattern) for pattern in api.urls[0] if isinstance(pattern, URLPattern) and pattern.name != "api-root"),
    re_path(r"^(?P<path>.*)$", missing, name="missing"),
]
