"""Where the sign-up library meets our own people."""

from allauth.account.adapter import DefaultAccountAdapter

from .models import User


def display_name(user: User) -> str:
    return user.display_name


class AccountAdapter(DefaultAccountAdapter):
    pass
