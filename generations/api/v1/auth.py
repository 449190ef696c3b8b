"""Who asks, and whether the key's scope is enough for it."""

from django.http import HttpRequest
from ninja.security import HttpBearer

from generations.accounts.callers import Caller
from generations.accounts.keys import key_by_secret
from generations.accounts.roles import Right, Scope
from generations.common.errors import ForbiddenError


class ApiRequest(HttpRequest):
    """A request whose key was recognised."""

    auth: Caller


class ApiKeyAuth(HttpBearer):
    """A key that carries one of the scopes. The class's name is the security scheme's in the OpenAPI document."""

    openapi_description = "An API key of Dailies: `Authorization: Bearer dly_…`"

    def __init__(self, *scopes: Scope) -> None:
        super().__init__()
        self.scopes = scopes

    def authenticate(self, request: HttpRequest, token: str) -> Caller | None:
        caller = key_by_secret(token.strip())
        if caller and self.scopes and not any(caller.can(scope) for scope in self.scopes):
            raise ForbiddenError(f"This needs a key with the scope {' or '.join(self.scopes)}.")
        return caller


ANY = ApiKeyAuth()
READ = ApiKeyAuth(Scope.READ)
GENERATE = ApiKeyAuth(Scope.GENERATE)
READ_OR_GENERATE = ApiKeyAuth(Scope.READ, Scope.GENERATE)
MANAGE = ApiKeyAuth(Scope.MANAGE)


def require_right(caller: Caller, right: Right) -> None:
    """Raise ForbiddenError unless scopes and role give the right."""
    if not caller.can(right):
        raise ForbiddenError("The role of the key's user does not allow this.")
