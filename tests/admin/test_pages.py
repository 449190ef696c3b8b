from collections.abc import Callable

import pytest
from django.db import connection
from django.db.models import Model
from django.test import Client
from django.test.utils import CaptureQueriesContext

from generations.accounts.models import Team, User
from generations.credits.models import PriceRow
from generations.jobs.models import Attempt, Generation
from generations.media.models import Asset

from .conftest import ROOMS, page

every_room = pytest.mark.parametrize("model", ROOMS, ids=lambda model: model._meta.model_name)
Fill = Callable[[int], None]


def queries(client: Client, address: str) -> int:
    with CaptureQueriesContext(
        connection,
    ) as captured:
        assert client.get(address).status_code == 200
    return len(captured)


@every_room
def test_a_list_shows_its_rows(model: type[Model], staff: Client, fill: Fill) -> None:
    fill(2)
    answer = staff.get(page(model, "changelist"))
    assert answer.status_code == 200
    assert answer.context["cl"].result_count == model._default_manager.count() > 0


@every_room
def test_a_list_asks_as_often_for_many_rows_as_for_few(model: type[Model], staff: Client, fill: Fill) -> None:
    fill(2)
    queries(staff, page(model, "changelist"))  # the first request also reads content types
    few = queries(staff, page(model, "changelist"))
    fill(7)
    assert queries(staff, page(model, "changelist")) == few


@every_room
def test_a_row_has_a_page(model: type[Model], staff: Client, fill: Fill) -> None:
    fill(2)
    newest = model._default_manager.order_by("-pk").first()
    assert staff.get(page(model, "change", newest.pk)).status_code == 200


def test_a_teams_page_asks_as_often_for_many_members_as_for_few(staff: Client, fill: Fill, team: Team) -> None:
    fill(2)
    queries(staff, page(Team, "change", team.pk))
    few = queries(staff, page(Team, "change", team.pk))
    fill(7)
    assert queries(staff, page(Team, "change", team.pk)) == few


def test_a_generations_page_asks_as_often_for_many_attempts_as_for_few(staff: Client, fill: Fill) -> None:
    fill(1)
    generation = Generation.objects.get()
    queries(staff, page(Generation, "change", generation.pk))
    few = queries(staff, page(Generation, "change", generation.pk))
    for number in range(3, 9):
        Attempt.objects.create(generation=generation, number=number, outcome="never_sent", provider="", request={})
    assert queries(staff, page(Generation, "change", generation.pk)) == few


@pytest.mark.parametrize("search", ["id", "prompt", "address", "reference"])
def test_a_generation_is_found(search: str, staff: Client, fill: Fill) -> None:
    fill(3)
    wanted = Generation.objects.select_related("author").order_by("pk")[1]
    words = {
        "id": str(wanted.pk),
        "prompt": f"lantern {wanted.author.email}",
        "address": wanted.author.email.upper(),
        "reference": wanted.pk.hex,
    }
    found = staff.get(page(Generation, "changelist"), {"q": words[search]}).context["cl"].result_list
    assert [generation.pk for generation in found] == [wanted.pk]


@pytest.mark.parametrize(
    ("filters", "count"),
    [
        ({"state__exact": "completed"}, 2),
        ({"state__exact": "failed"}, 0),
        ({"model": "ltx-2-3-fast"}, 2),
        ({"model": "ltx-2-5-pro"}, 0),
    ],
)
def test_generations_are_filtered(filters: dict[str, str], count: int, staff: Client, fill: Fill) -> None:
    fill(2)
    assert staff.get(page(Generation, "changelist"), filters).context["cl"].result_count == count


def test_generations_of_one_team_are_listed(staff: Client, fill: Fill, team: Team, other_team: Team) -> None:
    fill(2)
    for wanted, count in ((team, 2), (other_team, 0)):
        answer = staff.get(page(Generation, "changelist"), {"team__id__exact": wanted.pk})
        assert answer.context["cl"].result_count == count


@pytest.mark.parametrize(
    "query", ["q=%00", "q=%22", "state__exact=%00", "name=%00", "p=99999999999", "created_at__year=x", "o=99"]
)
@pytest.mark.parametrize("model", [Generation, Asset, User, Team, PriceRow])
def test_a_bad_query_is_no_error_of_ours(query: str, model: type[Model], staff: Client, fill: Fill) -> None:
    fill(1)
    assert staff.get(f"{page(model, 'changelist')}?{query}").status_code in (200, 302)
