"""What stands around every view of the contract: its methods, the key, the rates, the right."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from generations.accounts.callers import Caller
from generations.accounts.remembered import StaleCallerError, confirm
from generations.accounts.roles import Right

from .auth import authenticate, recalled, require_right
from .errors import MethodNotAllowedError
from .limits import take_turn

Given = ParamSpec("Given")
View = Callable[Concatenate[HttpRequest, Caller, Given], HttpResponseBase]


def for_callers(
    *methods: str, right: Right | None = None, can_recall: bool = False
) -> Callable[[View[Given]], Callable[..., HttpResponseBase]]:
    """Let in who has a key, and the right if one is named; the view gets request and caller.

    With `can_recall` the caller may be one that is remembered: the view's own statement has to prove it.
    """

    def decorate(view: View[Given]) -> Callable[..., HttpResponseBase]:
        @wraps(view)
        def wrapped(request: HttpRequest, *args: Given.args, **kwargs: Given.kwargs) -> HttpResponseBase:
            def answer(caller: Caller) -> HttpResponseBase:
                left = take_turn(caller)
                if right is not None:
                    require_right(caller, right)
                response = view(request, caller, *args, **kwargs)
                if left is not None:
                    response["RateLimit-Policy"] = f'"key";q={settings.API_RATE_KEY};w=60'
                    response["RateLimit"] = f'"key";r={left}'
                return response

            require_method(request, methods)
            known = recalled(request) if can_recall else None
            return _proved(answer, known, request) if known else answer(authenticate(request))

        return wrapped

    return decorate


def _proved(answer: Callable[[Caller], HttpResponseBase], known: Caller, request: HttpRequest) -> HttpResponseBase:
    """Answer a remembered caller. A refusal may rest on what holds no longer: it is told to who is proved alone."""
    try:
        return answer(known)
    except Exception:
        try:
            confirm(known)
        except StaleCallerError:
            return answer(authenticate(request))
        raise


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
