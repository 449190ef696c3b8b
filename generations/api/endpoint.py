"""What stands around every view of the contract: its methods, the key, the rates, the right."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from generations.accounts.callers import Caller
from generations.accounts.roles import Right

from .auth import authenticate, require_right
from .errors import MethodNotAllowedError
from .rate_limiter import count_request

Given = ParamSpec("Given")
View = Callable[Concatenate[HttpRequest, Caller, Given], HttpResponseBase]


def for_callers(*methods: str, right: Right | None = None) -> Callable[[View[Given]], Callable[..., HttpResponseBase]]:
    """Require an API key, and the right if one is named; the view gets request and caller."""

    def decorate(view: View[Given]) -> Callable[..., HttpResponseBase]:
        @wraps(view)
        def wrapped(request: HttpRequest, *args: Given.args, **kwargs: Given.kwargs) -> HttpResponseBase:
            require_method(request, methods)
            caller = authenticate(request)
            left = count_request(caller)
            if right is not None:
                require_right(caller, right)
            response = view(request, caller, *args, **kwargs)
            if left is not None:
                response["RateLimit-Policy"] = f'"key";q={settings.API_RATE_KEY};w=60'
                response["RateLimit"] = f'"key";r={left}'
            return response

        return wrapped

    return decorate


def for_everybody(*methods: str) -> Callable[[Callable[..., Any]], Callable[..., HttpResponseBase]]:
    """Ask for no key: the address itself is the permission."""

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
