"""Who asks, and whether the key's scope is enough for it."""

from django.http import HttpRequest
from ninja.security import HttpBearer

from generations.accounts.callers import Caller
from generations.accounts.roles import Scope
from generations.common.errors import ForbiddenError

from ..auth import authenticate, require_right
from ..rate_limiter import count_request

__all__ = ["ANY", "GENERATE", "MANAGE", "READ", "READ_OR_GENERATE", "ApiKeyAuth", "ApiRequest", "require_right"]


class ApiRequest(HttpRequest):
    """A request whose key was recognised. `requests_left` is None without a rate limit."""

    auth: Caller
    requests_left: int | None


class ApiKeyAuth(HttpBearer):
    """A key that carries one of the scopes. The class's name is the security scheme's in the OpenAPI document."""

    openapi_description = "An API key of Dailies: `Authorization: Bearer dly_…`"

    def __init__(self, *scopes: Scope) -> None:
        super().__init__()
        self.scopes = scopes

    def __call__(self, request: ApiRequest) -> Caller:  # type: ignore[override] # ours carries what we found
        caller = authenticate(request)
        request.requests_left = count_request(caller)
        if self.scopes and not any(caller.can(scope) for scope in self.scopes):
            raise ForbiddenError(f"This needs a key with the scope {' or '.join(self.scopes)}.")
        return caller

    def authenticate(self, request: HttpRequest, token: str) -> Caller | None:
        """The library's own hook, which gets the token alone; ours reads the request."""
        raise NotImplementedError


ANY = ApiKeyAuth()
READ = ApiKeyAuth(Scope.READ)
GENERATE = ApiKeyAuth(Scope.GENERATE)
READ_OR_GENERATE = ApiKeyAuth(Scope.READ, Scope.GENERATE)
MANAGE = ApiKeyAuth(Scope.MANAGE)
