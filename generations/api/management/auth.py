"""Authenticate requests of the management API and check the scope of the key."""

from django.http import HttpRequest
from ninja.security import HttpBearer

from generations.accounts.api_keys import Caller
from generations.accounts.roles import Scope
from generations.common.errors import ForbiddenError

from ..rate_limiter import count_request
from ..requests import authenticate, require_right

__all__ = ["ANY", "GENERATE", "MANAGE", "READ", "READ_OR_GENERATE", "ApiKeyAuth", "ApiRequest", "require_right"]


class ApiRequest(HttpRequest):
    """An authenticated request. `requests_left` is None without a rate limit."""

    auth: Caller
    requests_left: int | None


class ApiKeyAuth(HttpBearer):
    """Requires a key with one of the scopes. The class name is the security scheme's name in the OpenAPI document."""

    openapi_description = "An API key of Dailies: `Authorization: Bearer dly_…`"

    def __init__(self, *scopes: Scope) -> None:
        super().__init__()
        self.scopes = scopes

    def __call__(self, request: ApiRequest) -> Caller:  # type: ignore[override] # our request class
        caller = authenticate(request)
        request.requests_left = count_request(caller)
        if self.scopes and not any(caller.can(scope) for scope in self.scopes):
            raise ForbiddenError(f"This needs a key with the scope {' or '.join(self.scopes)}.")
        return caller

    def authenticate(self, request: HttpRequest, token: str) -> Caller | None:
        """Not used: Django Ninja passes only the token here, and `__call__` needs the request."""
        raise NotImplementedError


ANY = ApiKeyAuth()
READ = ApiKeyAuth(Scope.READ)
GENERATE = ApiKeyAuth(Scope.GENERATE)
READ_OR_GENERATE = ApiKeyAuth(Scope.READ, Scope.GENERATE)
MANAGE = ApiKeyAuth(Scope.MANAGE)
