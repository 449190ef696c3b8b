"""Members, the balance, the statement, quotas and the key itself."""

import pytest

from generations.accounts.roles import Scope
from generations.credits.models import Quota
from generations.jobs.models import State
from tests.api.management.responses import json_of, problem_of
from tests.library.factories import make_generation

NOBODYS = "00000000-0000-7000-8000-000000000000"


def test_the_current_key(program, bob, team):
    me = json_of(program(bob, Scope.READ).get("/me"))
    assert (me["kind"], me["scopes"], me["role"]) == ("personal", ["read"], "creator")
    assert me["user"] == {"id": bob.pk, "name": "Bob"}
    assert me["team"] == {"slug": team.slug, "name": team.name, "time_zone": "UTC"}


def test_only_managers_see_emails_of_members(program, alice, bob, rita):
    for asked, addresses in ((program(alice), [u.email for u in (alice, bob, rita)]), (program(bob), [None] * 3)):
        rows = json_of(asked.get("/members"))["data"]
        assert [row["role"] for row in rows] == ["owner", "creator", "reviewer"]
        assert [row["email"] for row in rows] == addresses


def test_members_are_paginated(program, alice, bob, rita):
    asked = program(alice)
    first = json_of(asked.get("/members", limit=2))
    second = json_of(asked.get("/members", limit=2, cursor=first["next_cursor"]))
    assert [row["id"] for row in (*first["data"], *second["data"])] == [alice.pk, bob.pk, rita.pk]
    assert second["next_cursor"] is None


def test_one_member_and_a_missing_one(program, alice, bob, charlie):
    assert json_of(program(alice).get(f"/members/{bob.pk}"))["name"] == "Bob"
    foreign, missing = (program(alice).get(f"/members/{pk}") for pk in (charlie.pk, 10**15))
    problem_of(foreign, 404, "not_found")
    assert foreign.content == missing.content


def test_the_balance_has_wallet_and_quota(program, bob, funded, member):
    Quota.objects.create(team=funded, membership=member(bob, funded), cap=100)
    make_generation(funded, bob)
    make_generation(funded, bob, State.QUEUED)
    balance = json_of(program(bob).get("/credits"))
    assert balance["wallet"] == {"posted": 964, "held": 36, "available": 928}
    assert (balance["quota"]["cap"], balance["quota"]["charged"], balance["quota"]["held"]) == (100, 36, 36)
    assert balance["spendable"] == balance["quota"]["left"] == 28


def test_the_statement_lists_transactions_newest_first(program, alice, bob, funded):
    take = make_generation(funded, bob)
    rows = json_of(program(alice).get("/statement"))["data"]
    assert [(row["kind"], row["posted_change"], row["held_change"]) for row in rows] == [
        ("capture", -36, -36),
        ("hold", 0, 36),
        ("grant", 1000, 0),
    ]
    assert rows[0]["generation"] == str(take.pk)
    assert rows[0]["available_after"] == 964
    assert rows[2]["reason"] == "opening balance"
    grants = json_of(program(alice).get("/statement", kind="grant"))["data"]
    assert [row["id"] for row in grants] == [rows[2]["id"]]


def test_the_statement_is_paginated_with_constant_queries(program, alice, bob, funded, django_assert_num_queries):
    for _ in range(3):
        make_generation(funded, bob)
    asked, seen, cursor = program(alice), [], {}
    asked.get("/statement")
    while cursor is not None:
        with django_assert_num_queries(3):
            page = json_of(asked.get("/statement", limit=3, **cursor))
        seen += [row["id"] for row in page["data"]]
        cursor = {"cursor": page["next_cursor"]} if page["next_cursor"] else None
    assert seen == sorted(seen, reverse=True)
    assert len(seen) == 7


@pytest.mark.parametrize("path", ["/statement", "/quotas"])
def test_the_statement_is_for_managers_with_the_manage_scope(program, alice, bob, path):
    problem_of(program(alice, Scope.READ).get(path), 403, "forbidden")
    problem_of(program(bob).get(path), 403, "forbidden")


def test_quotas_are_set_at_every_level_and_the_nearest_applies(program, alice, bob, team):
    boss, asked = program(alice), program(bob)
    assert json_of(asked.get("/quotas/effective"))["member"]["cap"]["value"] is None
    for path, cap, level in (
        ("/team", 900, "team"),
        ("/roles/creator", 500, "role"),
        (f"/members/{bob.pk}", 80, "member"),
    ):
        set_to = json_of(boss.put(f"/quotas{path}", {"cap": cap, "period": "week"}))
        assert (set_to["cap"], set_to["level"]) == (cap, level)
        held = json_of(asked.get("/quotas/effective"))["member"]["cap"]
        assert (held["value"], held["level"], held["period"]) == (cap, level, "week")
        assert held["resets_at"].endswith("Z")
    key = team.api_keys.get(user=bob)
    json_of(boss.put(f"/quotas/keys/{key.pk}", {"max_jobs": 2, "allowed_models": ["ltx-2-3-fast"]}))
    own = json_of(asked.get("/quotas/effective"))["key"]
    assert own["max_jobs"] == {"value": 2, "level": "key"}
    assert own["allowed_models"] == {"value": ["ltx-2-3-fast"], "level": "key"}
    listed = json_of(boss.get("/quotas"))["data"]
    assert [(row["level"], row["role"], row["cap"]) for row in listed] == [
        ("team", None, 900),
        ("role", "creator", 500),
        ("member", None, 80),
        ("key", None, None),
    ]
    assert listed[2]["member"] == {"id": bob.pk, "name": "Bob"}
    assert listed[3]["key"]["id"] == str(key.pk)


def test_setting_a_quota_replaces_the_rule_and_clearing_deletes_it(program, alice, bob):
    boss = program(alice)
    boss.put(f"/quotas/members/{bob.pk}", {"cap": 80, "max_jobs": 1})
    assert json_of(boss.put(f"/quotas/members/{bob.pk}", {"max_tier": "720p"}))["cap"] is None
    quota = Quota.objects.get()
    assert (quota.cap, quota.max_jobs, quota.max_tier) == (None, None, "720p")
    for _ in range(2):
        answer = boss.send("delete", f"/quotas/members/{bob.pk}")
        assert (answer.status_code, answer.content) == (204, b"")
    assert not Quota.objects.exists()


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"cap": -1}, "cap"),
        ({"cap": 10**19}, "cap"),
        ({"cap": "many"}, "cap"),
        ({"cap": "5"}, "cap"),
        ({"cap": True}, "cap"),
        ({"is_uncapped": "yes"}, "is_uncapped"),
        ({"period": "fortnight"}, "period"),
        ({"max_jobs": 40_000}, "max_jobs"),
        ({"max_tier": "8K"}, "max_tier"),
        ({"allowed_models": ["sora"]}, "allowed_models.0"),
        ({"allowed_models": []}, "allowed_models"),
        ({"cap": 5, "is_uncapped": True}, ""),
        ({"limit": 5}, "limit"),
        ([], ""),
    ],
)
def test_invalid_fields_of_a_quota_are_named(program, alice, body, field):
    problem = problem_of(program(alice).put("/quotas/team", body), 422, "invalid")
    assert [error["field"] for error in problem["errors"]] == [field]
    assert not Quota.objects.exists()


def test_a_role_that_does_not_exist_has_no_quota(program, alice):
    problem_of(program(alice).put("/quotas/roles/king", {"cap": 1}), 422, "invalid")


def test_quotas_of_another_team_cannot_be_set(stranger, program, alice, bob, charlie, team, other_team):
    key = program(bob) and team.api_keys.get()
    for path, missing in ((f"/members/{bob.pk}", f"/members/{10**15}"), (f"/keys/{key.pk}", f"/keys/{NOBODYS}")):
        foreign, nothing = (stranger.put(f"/quotas{p}", {"cap": 0}) for p in (path, missing))
        problem_of(foreign, 404, "not_found")
        assert foreign.content == nothing.content
    assert not Quota.objects.exists()


def test_members_cannot_change_their_own_quota(program, bob, team):
    problem_of(program(bob).put(f"/quotas/members/{bob.pk}", {"is_uncapped": True}), 403, "forbidden")


ADDRESSES = ["/me", "/members", "/credits", "/statement", "/quotas", "/quotas/effective", "/takes", "/keys"]


@pytest.mark.parametrize("path", ADDRESSES)
def test_a_key_is_required(anonymous, team, path):
    problem_of(anonymous.get(path), 401, "unauthenticated")


@pytest.mark.parametrize("path", ADDRESSES)
def test_a_trailing_slash_makes_no_difference(program, alice, path):
    asked = program(alice)
    assert asked.get(f"{path}/").status_code == asked.get(path).status_code == 200
