"""Who speaks through an API key, and what that allows."""

from dataclasses import dataclass

from django.db.models import Q

from .models import ApiKey, Membership, Team, User
from .roles import Right, Scope

SCOPE_RIGHTS: dict[str, frozenset[Right]] = {
    Scope.GENERATE: frozenset({Right.GENERATE}),
    Scope.READ: frozenset({Right.VIEW}),
    Scope.REVIEW: frozenset({Right.VIEW, Right.REVIEW}),
    Scope.MANAGE: frozenset({Right.MANAGE_JOBS, Right.MANAGE_CREDITS, Right.MANAGE_TEAM}),
}


@dataclass(frozen=True)
class Caller:
    """A key that was recognised, with the membership behind it; team and user are loaded.

    A service key's membership is that of whoever made it. It says who to name, not what is allowed.
    """

    key: ApiKey
    membership: Membership

    @property
    def team(self) -> Team:
        return self.membership.team

    @property
    def user(self) -> User:
        return self.membership.user

    @property
    def rights(self) -> frozenset[Right]:
        """What the scopes give; of a personal key only that which the role gives too."""
        given = frozenset[Right]().union(*(SCOPE_RIGHTS[scope] for scope in self.key.scopes))
        return given if self.key.is_service else frozenset(filter(self.membership.can, given))

    @property
    def own(self) -> Q:
        """Select what the caller submitted: a service key by that key, a person by any way."""
        return Q(api_key=self.key) if self.key.is_service else Q(author=self.user)

    def can(self, wanted: Right | Scope) -> bool:
        return wanted in self.key.scopes if isinstance(wanted, Scope) else wanted in self.rights
