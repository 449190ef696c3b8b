"""What staff write in the admin stands in the audit trail: who, what, before and after, and no secret."""

from datetime import timedelta

import pytest
from django.contrib import admin
from django.utils import timezone

from generations.credits.models import OfferedModel, PriceRow
from generations.events.audit_log import AuditedAdmin
from generations.events.models import Event
from tests.conftest import make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def boss(client_of):
    user = make_user("boss")
    user.is_staff = user.is_superuser = True
    user.save()
    return client_of(user)


def test_every_page_is_audited():
    assert [model for model, page in admin.site._registry.items() if not isinstance(page, AuditedAdmin)] == []


def test_a_change_tells_before_and_after(boss, alice):
    form = {"email": "alice@example.org", "name": "Alice", "is_active": "on"}
    form |= {"memberships-TOTAL_FORMS": "0", "memberships-INITIAL_FORMS": "0"}
    answer = boss.post(f"/admin/generations/user/{alice.pk}/change/", form, REMOTE_ADDR="192.0.2.9")
    assert answer.status_code == 302
    act = Event.objects.get(kind="admin.user_changed")
    assert (act.data["before"]["email"], act.data["after"]["email"]) == ("alice@example.com", "alice@example.org")
    assert (act.actor.name, act.address, act.is_audit) == ("Boss", "192.0.2.9", True)


def test_a_new_account_is_told_without_its_password(boss):
    form = {
        "email": "new@example.com",
        "name": "New",
        "usable_password": "true",
        "password1": "correct-horse-battery",
        "password2": "correct-horse-battery",
    }
    assert boss.post("/admin/generations/user/add/", form).status_code == 302
    assert "correct-horse" not in str(Event.objects.get(kind="admin.user_added").data)


def test_a_set_password_is_told_without_it(boss, alice):
    form = {"password1": "another-horse-battery", "password2": "another-horse-battery", "usable_password": "true"}
    assert boss.post(f"/admin/generations/user/{alice.pk}/password/", form).status_code == 302
    assert "another-horse" not in str(Event.objects.get(kind="admin.user_changed").data)


def test_a_price_that_goes_is_told(boss, price_list):
    later = timezone.now().date() + timedelta(days=30)
    row = PriceRow.objects.create(model="ltx-2-3-fast", tier="1080p", credits_per_second=9, valid_from=later)
    boss.post(f"/admin/generations/pricerow/{row.pk}/delete/", {"post": "yes"})
    assert "9 credits/second" in Event.objects.get(kind="admin.pricerow_deleted").data["name"]


def test_several_at_once_are_told_one_by_one(boss, price_list):
    keys = list(OfferedModel.objects.values_list("pk", flat=True)[:2])
    boss.post(
        "/admin/generations/offeredmodel/",
        {"action": "delete_selected", "_selected_action": keys, "post": "yes"},
    )
    assert Event.objects.filter(kind="admin.offeredmodel_deleted").count() == 2


def test_a_model_switched_off_in_the_list_is_told(boss, price_list):
    rows = list(OfferedModel.objects.all())
    form = {"form-TOTAL_FORMS": len(rows), "form-INITIAL_FORMS": len(rows), "_save": "Save"}
    for number, row in enumerate(rows):
        form |= {f"form-{number}-id": row.pk, f"form-{number}-position": row.position}
        if number:
            form[f"form-{number}-is_on"] = "on"
    assert boss.post("/admin/generations/offeredmodel/", form).status_code == 302
    act = Event.objects.filter(kind="admin.offeredmodel_changed", data__name=rows[0].model).get()
    assert (act.data["before"], act.data["after"]) == ({"is_on": "True"}, {"is_on": "False"})
