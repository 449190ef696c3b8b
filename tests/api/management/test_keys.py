from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from generations.accounts.api_keys import key_by_secret
from generations.accounts.models import ApiKey
from generations.accounts.roles import Scope
from tests.api.management.responses import refused, told

FARM = {"name": "farm", "scopes": ["generate", "read"]}


def test_a_key_makes_a_key_whose_secret_works(program, bob, team):
    made = told(program(bob).post("/keys", FARM), 201)
    caller = key_by_secret(made["secret"])
    assert (str(caller.key.pk), caller.user, caller.team) == (made["id"], bob, team)
    assert (made["kind"], made["state"], made["prefixes"]) == ("personal", "active", [made["secret"][:12]])
    listed = told(program(bob).get("/keys"))["data"]
    assert "secret" not in listed[-1]
    assert made["secret"] not in str(listed)


def test_no_key_gives_what_it_has_not(program, bob):
    problem = refused(program(bob, Scope.MANAGE).post("/keys", FARM), 403, "forbidden")
    assert "generate, read" in problem["detail"]
    assert ApiKey.objects.count() == 1


def test_the_teams_keys_are_for_managers(program, alice, bob):
    refused(program(bob).post("/keys", {**FARM, "kind": "service"}), 403, "forbidden")
    assert told(program(alice).post("/keys", {**FARM, "kind": "service"}), 201)["kind"] == "service"


def test_a_service_key_makes_and_takes_over_no_personal_key(program, alice, team):
    service = program(alice, is_service=True)
    refused(service.post("/keys", FARM), 403, "forbidden")
    personal = told(program(alice).post("/keys", FARM), 201)
    refused(service.post(f"/keys/{personal['id']}/rotate", {}), 403, "forbidden")
    assert told(service.post("/keys", {**FARM, "kind": "service"}), 201)["state"] == "active"


def test_rotation_lets_the_old_secret_go_on(program, bob):
    asked = program(bob)
    made = told(asked.post("/keys", FARM), 201)
    again = told(asked.post(f"/keys/{made['id']}/rotate", {"overlap_hours": 1}))
    assert key_by_secret(made["secret"])
    assert key_by_secret(again["secret"])
    assert again["prefixes"] == [again["secret"][:12], made["secret"][:12]]
    told(asked.post(f"/keys/{made['id']}/rotate", {"overlap_hours": 0}))
    assert key_by_secret(made["secret"]) is None
    assert key_by_secret(again["secret"]) is None


def test_revocation_ends_it_and_may_be_said_twice(program, bob):
    asked = program(bob)
    made = told(asked.post("/keys", FARM), 201)
    for _ in range(2):
        assert told(asked.post(f"/keys/{made['id']}/revoke"))["state"] == "revoked"
    assert key_by_secret(made["secret"]) is None
    refused(asked.post(f"/keys/{made['id']}/rotate", {}), 409, "conflict")


def test_a_key_may_revoke_itself(program, bob, team):
    asked = program(bob)
    own = team.api_keys.get()
    assert told(asked.post(f"/keys/{own.pk}/revoke"))["state"] == "revoked"
    refused(asked.get("/me"), 401, "unauthenticated")


def test_a_manager_sees_all_keys_and_takes_none_over(program, alice, bob, team):
    made = told(program(bob).post("/keys", FARM), 201)
    boss = program(alice)
    assert len(told(boss.get("/keys"))["data"]) == 3
    refused(boss.post(f"/keys/{made['id']}/rotate", {}), 403, "forbidden")
    assert told(boss.post(f"/keys/{made['id']}/revoke"))["state"] == "revoked"


@pytest.mark.parametrize(("method", "act"), [("get", ""), ("post", "/rotate"), ("post", "/revoke")])
def test_other_peoples_keys_are_not_there(program, stranger, bob, rita, team, method, act):
    made = told(program(bob).post("/keys", FARM), 201)
    body = None if method == "get" else {}
    for asked in (stranger, program(rita)):
        foreign = asked.send(method, f"/keys/{made['id']}{act}", body)
        missing = asked.send(method, f"/keys/{uuid4()}{act}", body)
        refused(foreign, 404, "not_found")
        assert foreign.content == missing.content
    assert key_by_secret(made["secret"])


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "   "}, "name"),
        ({"name": "x" * 81}, "name"),
        ({"name": "a\x00"}, "name"),
        ({"name": "\ud800"}, "name"),
        ({"scopes": []}, "scopes"),
        ({"scopes": ["everything"]}, "scopes.0"),
        ({"kind": "magic"}, "kind"),
        ({"expires_at": "tomorrow"}, "expires_at"),
        ({"expires_at": (timezone.now() - timedelta(days=1)).isoformat()}, "expires_at"),
        ({"expires": None}, "expires"),
    ],
)
def test_a_key_that_makes_no_sense_is_refused_by_field(program, bob, change, field):
    problem = refused(program(bob).post("/keys", {**FARM, **change}), 422, "invalid")
    assert [error["field"] for error in problem["errors"]] == [field]
    assert ApiKey.objects.count() == 1


@pytest.mark.parametrize("hours", [-1, 10**6, 1.5, "long"])
def test_an_overlap_that_makes_no_sense_is_refused(program, bob, team, hours):
    key = program(bob) and team.api_keys.get()
    refused(program(bob).post(f"/keys/{key.pk}/rotate", {"overlap_hours": hours}), 422, "invalid")


def test_keys_are_for_keys_to_manage(program, alice):
    refused(program(alice, Scope.READ, Scope.GENERATE).get("/keys"), 403, "forbidden")


def test_the_list_costs_the_same_however_long(program, alice, django_assert_num_queries):
    asked = program(alice)
    asked.get("/keys")
    for _ in range(3):
        asked.post("/keys", FARM)
    with django_assert_num_queries(4):
        assert len(told(asked.get("/keys"))["data"]) == 4
