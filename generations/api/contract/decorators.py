"""Decorators of the contract's views: allowed methods, API key, rate limit and permission."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from generations.accounts.api_keys import Caller
from generations.accounts.roles import Right

from ..errors import MethodNotAllowedError
from ..rate_limiter import count_request
from ..requests import authenticate, require_right

Args = ParamSpec("Args")
View = Callable[Concatenate[HttpRequest, Caller, Args], HttpResponseBase]


def require_key(*methods: str, right: Right | None = None) -> Callable[[View[Args]], Callable[..., HttpResponseBase]]:
    """Require an API key, and the right if one is named; the view gets request and caller."""

    def decorate(view: View[Args]) -> Callable[..., HttpResponseBase]:
        @wraps(view)
        def wrapped(request: HttpRequest, *args: Args.args, **kwargs: Args.kwargs) -> HttpResponseBase:
            require_method(request, methods)
            caller = authenticate(request)
            requests_left = count_request(caller)
            if right is not None:
                require_right(caller, right)
            response = view(request, caller, *args, **kwargs)
            if requests_left is not None:
                response["RateLimit-Policy"] = f'"key";q={settings.API_RATE_KEY};w=60'
                response["RateLimit"] = f'"key";r={requests_left}'
            return response

        return wrapped

    return decorate


def public(*methods: str) -> Callable[[Callable[..., Any]], Callable[..., HttpResponseBase]]:
    """Require no key, because the URL itself grants access."""

    def decorate(view: Callable[..., Any]) -> Callable[..., HttpResponseBase]:
        @wraps(view)
        def wrapped(request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
            require_method(request, methods)
            response: HttpResponseBase = view(request, **kwargs)
            return response

        return wrapped

    return decorate


def require_method(request: HttpRequest, methods: tuple[str, ...]) -> None:
    if request.method not in methods:
        raise MethodNotAllowedError(", ".join(methods))
