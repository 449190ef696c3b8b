"""Where the sign-up library meets our own people."""

from allauth.account.adapter import DefaultAccountAdapter
from django.db import transaction
from django.http import HttpRequest

from generations.common.client_address import client_address

from .joining import PENDING
from .models import User
from .teams import create_personal_team


def display_name(user: User) -> str:
    return user.display_name


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    def get_client_ip(self, request: HttpRequest) -> str:
        """Count rate limits by the client's address, also behind a proxy."""
        return client_address(request) or str(super().get_client_ip(request))

    @transaction.atomic
    def save_user(self, request: HttpRequest, user: User, form: object, commit: bool = True) -> User:
        """Give every new user a team of their own in the same transaction, but who comes to join another."""
        saved: User = super().save_user(request, user, form, commit=commit)
        if commit and PENDING not in request.session:
            create_personal_team(saved)
        return saved
