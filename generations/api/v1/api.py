"""The API itself: its routes, put together, and what becomes of every error."""

from functools import cache
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError

from generations.common.errors import DailiesError
from generations.common.pagination import BadCursorError

from . import events, generations, keys, me, members, problems, quotas, quote, takes, wallets, webhooks
from .openapi import Document, describe
from .problems import FieldProblem, problem
from .strict import refuse_unknown_parameters

_SOURCES = {"query", "path", "body"}


PREFIX = "api/v1/"

api = NinjaAPI(title="Dailies", version="1", urls_namespace="v1", openapi_url=None, docs_url=None)
api.add_decorator(refuse_unknown_parameters)
api.add_router("/me", me.router)
api.add_router("/generations", generations.router)
api.add_router("/takes", takes.router)
api.add_router("/quote", quote.router)
api.add_router("/members", members.router)
api.add_router("/credits", wallets.balance_router)
api.add_router("/statement", wallets.statement_router)
api.add_router("/quotas", quotas.router)
api.add_router("/keys", keys.router)
api.add_router("/events", events.router)
api.add_router("/webhooks", webhooks.router)


@cache
def openapi_document() -> dict[str, Any]:
    return describe(Document(api, PREFIX))


@api.exception_handler(DailiesError)
def refused(request: HttpRequest, error: DailiesError) -> HttpResponse:
    return problems.problem_of(error)


@api.exception_handler(BadCursorError)
def bad_cursor(request: HttpRequest, error: BadCursorError) -> HttpResponse:
    return problems.invalid([FieldProblem(field="cursor", message=error.message)])


@api.exception_handler(ValidationError)
def invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    return problems.invalid([FieldProblem(field=_field(item["loc"]), message=item["msg"]) for item in error.errors])


@api.exception_handler(HttpError)
def unreadable(request: HttpRequest, error: HttpError) -> HttpResponse:
    return problem(problems.BAD_REQUEST, "The body must be JSON in UTF-8.")


@api.exception_handler(RequestDataTooBig)
def too_large(request: HttpRequest, error: RequestDataTooBig) -> HttpResponse:
    return problem(problems.TOO_LARGE, "Request body too large.")


@api.exception_handler(Http404)
def missing(request: HttpRequest, error: Http404) -> HttpResponse:
    return problem(problems.NOT_FOUND)


def _field(location: tuple[Any, ...]) -> str:
    """`("body", "body", "cap")` → `cap`: where it stands in what the client sent, not in our function."""
    parts = list(location)
    if parts and parts[0] in _SOURCES:
        parts = parts[2:] if parts[0] == "body" or len(parts) > 2 else parts[1:]
    return ".".join(map(str, parts))
