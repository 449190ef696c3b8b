"""The URLs of the management API. Unknown URLs and methods return problem details too."""

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
    """Return the OpenAPI document. It is public, because it contains no data of a team."""
    return JsonResponse(openapi_document())


def missing(request: HttpRequest, path: str) -> HttpResponseBase:
    """Serve URLs with a trailing slash as well, because clients write base URLs both ways."""
    if path.endswith("/"):
        match = resolve(request.path_info.rstrip("/"))
        return match.func(request, *match.args, **match.kwargs)  # type: ignore[no-any-return]
    return problems.problem(problems.NOT_FOUND, "Unknown endpoint. See the OpenAPI document.")


def _add_rate_limit_headers(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    left = getattr(request, "requests_left", None)
    if left is not None:
        response["RateLimit-Policy"] = f'"key";q={settings.API_RATE_KEY};w=60'
        response["RateLimit"] = f'"key";r={left}'
    return response


def with_problem_details(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Turn Django's empty 405 into problem details, and add the rate limit headers."""

    @wraps(view)
    def wrapped(request: HttpRequest, **values: Any) -> HttpResponseBase:
        response = view(request, **values)
        if response.status_code != HTTPStatus.METHOD_NOT_ALLOWED:
            return _add_rate_limit_headers(request, response)
        allowed = ", ".join(sorted(response["Allow"].split(", ")))
        detail = f"Method not allowed. Allowed: {allowed}."
        return problems.problem(problems.METHOD_NOT_ALLOWED, detail, headers={"Allow": allowed})

    wrapped.csrf_exempt = True  # type: ignore[attr-defined] # browsers never send an API key by themselves
    return wrapped


def _guarded(pattern: URLPattern) -> URLPattern:
    return URLPattern(pattern.pattern, with_problem_details(pattern.callback), name=pattern.name)


urlpatterns = [
    path("docs", docs, name="docs"),
    path("openapi.json", with_problem_details(document), name="openapi"),
    *(_guarded(pattern) for pattern in api.urls[0] if isinstance(pattern, URLPattern) and pattern.name != "api-root"),
    re_path(r"^(?P<path>.*)$", missing, name="missing"),
]
