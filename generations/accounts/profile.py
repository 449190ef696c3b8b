"""What people say of themselves."""

from .models import User


def rename_user(*, user: User, name: str) -> None:
    user.name = name.strip()
    user.save(update_fields=["name"])
