"""Parameters that no operation knows are refused, so that a misspelt filter does not show everything."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from ninja.operation import Operation

from generations.common.errors import DailiesError

from .auth import ApiRequest


class UnknownParameterError(DailiesError):
    """The query names something that the operation does not have."""

    status = 422
    code = "invalid"

    def __init__(self, unknown: set[str], known: set[str]) -> None:
        has = f"It has {', '.join(sorted(known))}." if known else "It has none."
        super().__init__(f"No parameter of this operation is called {', '.join(sorted(unknown))}. {has}")


def refuse_unknown_parameters(view: Callable[..., Any]) -> Callable[..., Any]:
    """Stand around an operation, after its authentication and validation."""
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
