from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from generations.credits.models import OfferedModel, PriceRow
from generations.credits.prices import offered_models

from .conftest import page

pytestmark = pytest.mark.usefixtures("price_list")


def new_row(**answers: object) -> dict[str, object]:
    tomorrow = timezone.now().date() + timedelta(days=1)
    row = {"model": "ltx-2-3-fast", "tier": "1080p", "credits_per_second": 77, "valid_from": tomorrow.isoformat()}
    return row | answers


def test_a_price_to_come_is_added_changed_and_taken_away(staff: Client) -> None:
    assert staff.post(page(PriceRow, "add"), new_row()).status_code == 302
    row = PriceRow.objects.get(credits_per_second=77)
    assert staff.post(page(PriceRow, "change", row.pk), new_row(credits_per_second=78)).status_code == 302
    row.refresh_from_db()
    assert row.credits_per_second == 78
    assert staff.post(page(PriceRow, "delete", row.pk), {"post": "yes"}).status_code == 302


def test_a_price_that_has_begun_stays(staff: Client) -> None:
    row = PriceRow.objects.filter(valid_from__lte=timezone.now()).first()
    assert staff.get(page(PriceRow, "change", row.pk)).status_code == 200
    assert staff.post(page(PriceRow, "change", row.pk), new_row()).status_code == 403
    assert staff.post(page(PriceRow, "delete", row.pk), {"post": "yes"}).status_code == 403
    staff.post(page(PriceRow, "changelist"), {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"})
    assert PriceRow.objects.filter(pk=row.pk, credits_per_second=row.credits_per_second).exists()


@pytest.mark.parametrize(
    "answers",
    [
        {"valid_from": "2020-01-01"},
        {"valid_from": "someday"},
        {"credits_per_second": 0},
        {"credits_per_second": -1},
        {"credits_per_second": 10**12},
        {"model": "sora"},
        {"tier": "8k"},
    ],
)
def test_a_price_that_will_not_do_is_refused(answers: dict[str, object], staff: Client) -> None:
    before = PriceRow.objects.count()
    answer = staff.post(page(PriceRow, "add"), new_row(**answers))
    assert answer.status_code == 200
    assert answer.context["adminform"].form.errors
    assert PriceRow.objects.count() == before


def test_a_model_is_taken_off_the_offer(staff: Client) -> None:
    first = offered_models()[0]
    rows = list(OfferedModel.objects.order_by("position", "model"))
    form: dict[str, object] = {"form-TOTAL_FORMS": len(rows), "form-INITIAL_FORMS": len(rows), "_save": "Save"}
    for index, row in enumerate(rows):
        form |= {f"form-{index}-id": row.pk, f"form-{index}-position": index}
        if row.is_on and row.model != first:
            form[f"form-{index}-is_on"] = "on"
    assert staff.post(page(OfferedModel, "changelist"), form).status_code == 302
    assert first not in offered_models()
