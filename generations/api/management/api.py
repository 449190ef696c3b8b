"""The management API: its routes and how it renders errors."""

from collections.abc import Callable
from functools import cache, wraps
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError
from ninja.operation import Operation

from generations.common.errors import DailiesError
from generations.common.pagination import BadCursorError

from . import events, generations, keys, members, problems, quotas, quote, takes, wallet, webhooks
from .auth import ApiRequest
from .openapi import Document, describe
from .problems import FieldProblem, problem

_SOURCES = {"query", "path", "body"}
PREFIX = "api/v1/"


class UnknownParameterError(DailiesError):
    """The query has a parameter that the operation does not have."""

    status = 422
    code = "invalid"

    def __init__(self, unknown: set[str], known: set[str]) -> None:
        allowed = ", ".join(sorted(known)) or "none"
        super().__init__(f"Unknown parameter: {', '.join(sorted(unknown))}. Allowed: {allowed}.")


def reject_unknown_parameters(view: Callable[..., Any]) -> Callable[..., Any]:
    """Decorate an operation: reject unknown parameters, so that a misspelled filter does not return everything.

    Runs after authentication and validation.
    """
    operation: Operation = view._ninja_operation  # type: ignore[attr-defined]
    known = {
        name
        for model in operation.models
        if model.__ninja_param_source__ == "query"
        for name in getattr(model, "__ninja_flatten_map__", {})
    }

    @wraps(view)
    def wrapped(request: ApiRequest, **values: Any) -> Any:
        if unknown := set(request.GET) - known:
            raise UnknownParameterError(unknown, known)
        return view(request, **values)

    return wrapped


api = NinjaAPI(title="Dailies", version="1", urls_namespace="v1", openapi_url=None, docs_url=None)
api.add_decorator(reject_unknown_parameters)
api.add_router("/me", keys.me_router)
api.add_router("/generations", generations.router)
api.add_router("/takes", takes.router)
api.add_router("/quote", quote.router)
api.add_router("/members", members.router)
api.add_router("/credits", wallet.balance_router)
api.add_router("/statement", wallet.statement_router)
api.add_router("/quotas", quotas.router)
api.add_router("/keys", keys.router)
api.add_router("/events", events.router)
api.add_router("/webhooks", webhooks.router)


@cache
def openapi_document() -> dict[str, Any]:
    return describe(Document(api, PREFIX))


@api.exception_handler(DailiesError)
def rejected(request: HttpRequest, error: DailiesError) -> HttpResponse:
    return problems.problem_of(error)


@api.exception_handler(BadCursorError)
def bad_cursor(request: HttpRequest, error: BadCursorError) -> HttpResponse:
    return problems.invalid([FieldProblem(field="cursor", message=error.message)])


@api.exception_handler(ValidationError)
def invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    return problems.invalid([FieldProblem(field=_field(item["loc"]), message=item["msg"]) for item in error.errors])


@api.exception_handler(HttpError)
def malformed(request: HttpRequest, error: HttpError) -> HttpResponse:
    return problem(problems.BAD_REQUEST, "The body must be JSON in UTF-8.")


@api.exception_handler(RequestDataTooBig)
def too_large(request: HttpRequest, error: RequestDataTooBig) -> HttpResponse:
    return problem(problems.TOO_LARGE, "Request body too large.")


@api.exception_handler(Http404)
def missing(request: HttpRequest, error: Http404) -> HttpResponse:
    return problem(problems.NOT_FOUND)


def _field(location: tuple[Any, ...]) -> str:
    """`("body", "body", "cap")` → `cap`: the path in the request, without the parameter of our function."""
    parts = list(location)
    if parts and parts[0] in _SOURCES:
        parts = parts[2:] if parts[0] == "body" or len(parts) > 2 else parts[1:]
    return ".".join(map(str, parts))
