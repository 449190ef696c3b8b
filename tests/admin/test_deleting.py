"""What staff may delete, model by model; whoever registers another says it here.

People, teams, memberships and books end by their services alone, which cancel, refund and tell.
"""

from collections.abc import Iterator

import pytest
from django.contrib import admin
from django.contrib.admin.options import BaseModelAdmin
from django.db.models import Model
from django.test import Client, RequestFactory

from generations.accounts.models import Team, User

from . import conftest

MAY_BE_DELETED = {
    "auth.Group": True,
    "account.EmailAddress": True,
    "mfa.Authenticator": True,
    "socialaccount.SocialApp": True,
    "socialaccount.SocialAccount": True,
    "socialaccount.SocialToken": True,
    "usersessions.UserSession": True,
    "generations.OfferedModel": True,
    "generations.PriceRow": True,  # of a day to come
    "generations.Quota": True,
    "generations.User": False,
    "generations.Team": False,
    "generations.Membership": False,
    "generations.Wallet": False,
    "generations.Hold": False,
    "generations.LedgerEntry": False,
    "generations.Event": False,
    "generations.Generation": False,
    "generations.Shot": False,
    "generations.Take": False,
    "generations.Attempt": False,
    "generations.Asset": False,
}


def deletable(page: BaseModelAdmin, user: User) -> bool:  # type: ignore[type-arg]
    request = RequestFactory().get("/")
    request.user = user
    return page.has_delete_permission(request)


def inlines(user: User) -> Iterator[BaseModelAdmin]:  # type: ignore[type-arg]
    """Those of every page of a row."""
    request = RequestFactory().get("/")
    request.user = user
    for model, page in admin.site._registry.items():
        for inline in page.get_inlines(request, model()):
            yield inline(model, admin.site)


def test_each_model_says_whether_it_may_be_deleted(db: None) -> None:
    root = User.objects.create_superuser("root@example.com")
    found = {model._meta.label: deletable(page, root) for model, page in admin.site._registry.items()}
    assert found == MAY_BE_DELETED


def test_no_row_goes_by_the_page_of_another(db: None) -> None:
    root = User.objects.create_superuser("root@example.com")
    shown = {inline.model._meta.label: deletable(inline, root) for inline in inlines(root)}
    assert shown == {"generations.Membership": False, "generations.Attempt": False, "generations.Take": False}


@pytest.mark.parametrize("label", [label for label, may in MAY_BE_DELETED.items() if not may])
def test_a_list_offers_no_deletion(label: str, staff: Client, team: Team) -> None:
    model: type[Model] = next(model for model in admin.site._registry if model._meta.label == label)
    answer = staff.get(conftest.page(model, "changelist"))
    assert b"delete_selected" not in answer.content
    before = list(model._default_manager.order_by("pk").values_list("pk", flat=True))
    staff.post(
        conftest.page(model, "changelist"), {"action": "delete_selected", "_selected_action": before, "post": "yes"}
    )
    assert list(model._default_manager.order_by("pk").values_list("pk", flat=True)) == before
