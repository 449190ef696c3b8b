import csv
import re
from datetime import timedelta
from io import StringIO

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from generations.accounts.members import change_role
from generations.accounts.models import Team, User
from generations.accounts.roles import Role
from generations.events.models import Event
from generations.events.record import record_audit
from tests.web.pages import HTMX, links, words


@pytest.fixture
def trail(team) -> str:
    return f"/t/{team.slug}/audit/"


@pytest.fixture
def owner(client_of, alice):
    return client_of(alice)


@pytest.fixture
def changed(alice, bob, team, member):
    change_role(membership=member(bob, team), role=Role.REVIEWER, actor=member(alice, team))


def table(text: str) -> list[list[str]]:
    return list(csv.reader(StringIO(text.removeprefix("\ufeff"))))


def test_log_shows_event_actor_and_ip_address(client_of, alice, bob, team, member, trail):
    client_of(alice).post(
        f"/t/{team.slug}/people/{member(bob, team).pk}/role", {"role": "reviewer"}, REMOTE_ADDR="192.0.2.7"
    )
    text = words(client_of(alice).get(trail))
    assert "Member: role changed" in text
    assert "bob@example.com" in text
    assert re.search("Role: creator → ?changed to reviewer", text)
    assert "192.0.2.7" in text


def test_log_shows_only_changed_fields(owner, alice, team, trail):
    before, after = {"cap": 5, "seconds": None, "ends": "2026-03-01T09:30:00+00:00"}, {"cap": 2000, "seconds": None}
    record_audit("quota.set", team_id=team.pk, actor_id=alice.pk, before=before, after=after, note="", size=4096)
    text = words(owner.get(trail))
    assert re.search("Cap: 5 → ?changed to 2,000", text)
    assert re.search("Ends: 1 Mar 2026, 09:30 UTC → ?changed to –", text)
    assert "Size: 4,096" in text
    assert "Seconds:" not in text
    assert "Note:" not in text


def test_log_does_not_show_other_teams(owner, charlie, other_team, trail):
    record_audit("team.renamed", team_id=other_team.pk, actor_id=charlie.pk, name="Secret plans")
    assert "Secret plans" not in words(owner.get(trail))


@pytest.mark.parametrize(
    ("search", "is_found"),
    [
        ({"who": "alice"}, True),
        ({"who": "zoe"}, False),
        ({"kind": "member.role_changed"}, True),
        ({"kind": "team.created"}, False),
        ({"words": "bob@"}, True),
        ({"words": "nothing of the kind"}, False),
        ({"first": "2000-01-01"}, True),
        ({"last": "2000-01-01"}, False),
        ({"first": "9999-01-01"}, True),
        ({"last": "9999-12-31"}, True),
    ],
)
def test_search(owner, changed, trail, search, is_found):
    response = owner.get(trail, {**search, "format": "csv"})
    kinds = [row[3] for row in table(response.getvalue().decode())[1:]]
    assert ("member.role_changed" in kinds) == is_found


@pytest.mark.parametrize(
    "search", [{"first": "soon"}, {"kind": "odd"}, {"who": "\x00"}, {"words": "\x00"}, {"words": "%"}]
)
def test_invalid_search_is_ignored(owner, trail, search):
    assert owner.get(trail, search).status_code == 200


def test_days_are_in_the_team_s_time_zone(owner, team, alice, trail):
    Team.objects.filter(pk=team.pk).update(time_zone="Pacific/Kiritimati")
    there = timezone.now() + timedelta(hours=14)
    text = words(owner.get(trail, {"first": f"{there:%Y-%m-%d}", "last": f"{there:%Y-%m-%d}"}))
    assert "Team: created" in text
    assert "Times in Pacific/Kiritimati" in text
    yesterday = f"{there - timedelta(days=1):%Y-%m-%d}"
    assert "No results" in words(owner.get(trail, {"last": yesterday}))


def test_pages_contain_every_entry(owner, team, alice, trail):
    for number in range(120):
        record_audit("team.noted", team_id=team.pk, actor_id=alice.pk, name=f"No. {number}.")
    seen, address = "", trail
    while address:
        response = owner.get(address, **HTMX)
        seen += words(response)
        more = [link for link in links(response) if "after=" in link]
        address = trail + more[0] if more else ""
    assert [f"No. {number}." in seen for number in range(120)] == [True] * 120


def test_query_count_does_not_depend_on_the_number_of_entries(owner, team, alice, trail, django_assert_num_queries):
    owner.get(trail)
    with django_assert_num_queries(9) as few:
        owner.get(trail)
    for number in range(60):
        record_audit("team.noted", team_id=team.pk, actor_id=alice.pk, name=f"No. {number}.")
    with django_assert_num_queries(len(few)):
        owner.get(trail)


def test_csv_cells_are_not_formulas(owner, team, alice, trail):
    record_audit("team.noted", team_id=team.pk, actor_id=alice.pk, name='=HYPERLINK("http://example.org")')
    rows = table(owner.get(trail, {"format": "csv"}).getvalue().decode())
    assert rows[0][0] == "Date (UTC)"
    assert rows[1][4] == '\'=HYPERLINK("http://example.org")'


class TestSiteLog:
    @pytest.fixture
    def staff(self, client_of, charlie):
        User.objects.filter(pk=charlie.pk).update(is_staff=True)
        return client_of(charlie)

    def test_staff_see_all_teams(self, staff, changed, other_team):
        text = words(staff.get("/ops/audit/"))
        assert "Lighthouse Member: role changed" in text
        assert "Harbour" in text

    def test_others_get_a_404(self, owner):
        assert owner.get("/ops/audit/").status_code == 404


@pytest.mark.parametrize(
    "statement", ["UPDATE generations_event SET kind = 'nothing'", "DELETE FROM generations_event"]
)
def test_entries_cannot_be_changed_or_deleted(changed, statement):
    before = Event.objects.count()
    with pytest.raises(DatabaseError, match="append_only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert Event.objects.filter(kind="member.role_changed").count() == 1
    assert Event.objects.count() == before
