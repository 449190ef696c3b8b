from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from generations.accounts.api_keys import key_by_secret
from generations.accounts.models import ApiKey
from generations.accounts.roles import Scope
from tests.api.management.responses import json_of, problem_of

FARM = {"name": "farm", "scopes": ["generate", "read"]}


def test_the_secret_of_a_created_key_works(program, bob, team):
    made = json_of(program(bob).post("/keys", FARM), 201)
    caller = key_by_secret(made["secret"])
    assert (str(caller.key.pk), caller.user, caller.team) == (made["id"], bob, team)
    assert (made["kind"], made["state"], made["prefixes"]) == ("personal", "active", [made["secret"][:12]])
    listed = json_of(program(bob).get("/keys"))["data"]
    assert "secret" not in listed[-1]
    assert made["secret"] not in str(listed)


def test_a_key_cannot_grant_scopes_that_it_lacks(program, bob):
    problem = problem_of(program(bob, Scope.MANAGE).post("/keys", FARM), 403, "forbidden")
    assert "generate, read" in problem["detail"]
    assert ApiKey.objects.count() == 1


def test_the_teams_keys_are_for_managers(program, alice, bob):
    problem_of(program(bob).post("/keys", {**FARM, "kind": "service"}), 403, "forbidden")
    assert json_of(program(alice).post("/keys", {**FARM, "kind": "service"}), 201)["kind"] == "service"


def test_a_service_key_cannot_create_or_rotate_personal_keys(program, alice, team):
    service = program(alice, is_service=True)
    problem_of(service.post("/keys", FARM), 403, "forbidden")
    personal = json_of(program(alice).post("/keys", FARM), 201)
    problem_of(service.post(f"/keys/{personal['id']}/rotate", {}), 403, "forbidden")
    assert json_of(service.post("/keys", {**FARM, "kind": "service"}), 201)["state"] == "active"


def test_the_old_secret_works_during_the_overlap(program, bob):
    asked = program(bob)
    made = json_of(asked.post("/keys", FARM), 201)
    again = json_of(asked.post(f"/keys/{made['id']}/rotate", {"overlap_hours": 1}))
    assert key_by_secret(made["secret"])
    assert key_by_secret(again["secret"])
    assert again["prefixes"] == [again["secret"][:12], made["secret"][:12]]
    json_of(asked.post(f"/keys/{made['id']}/rotate", {"overlap_hours": 0}))
    assert key_by_secret(made["secret"]) is None
    assert key_by_secret(again["secret"]) is None


def test_revoke_can_be_repeated(program, bob):
    asked = program(bob)
    made = json_of(asked.post("/keys", FARM), 201)
    for _ in range(2):
        assert json_of(asked.post(f"/keys/{made['id']}/revoke"))["state"] == "revoked"
    assert key_by_secret(made["secret"]) is None
    problem_of(asked.post(f"/keys/{made['id']}/rotate", {}), 409, "conflict")


def test_a_key_may_revoke_itself(program, bob, team):
    asked = program(bob)
    own = team.api_keys.get()
    assert json_of(asked.post(f"/keys/{own.pk}/revoke"))["state"] == "revoked"
    problem_of(asked.get("/me"), 401, "unauthenticated")


def test_a_manager_sees_all_keys_and_cannot_rotate_personal_ones(program, alice, bob, team):
    made = json_of(program(bob).post("/keys", FARM), 201)
    boss = program(alice)
    assert len(json_of(boss.get("/keys"))["data"]) == 3
    problem_of(boss.post(f"/keys/{made['id']}/rotate", {}), 403, "forbidden")
    assert json_of(boss.post(f"/keys/{made['id']}/revoke"))["state"] == "revoked"


@pytest.mark.parametrize(("method", "act"), [("get", ""), ("post", "/rotate"), ("post", "/revoke")])
def test_keys_of_other_members_are_not_found(program, stranger, bob, rita, team, method, act):
    made = json_of(program(bob).post("/keys", FARM), 201)
    body = None if method == "get" else {}
    for asked in (stranger, program(rita)):
        foreign = asked.send(method, f"/keys/{made['id']}{act}", body)
        missing = asked.send(method, f"/keys/{uuid4()}{act}", body)
        problem_of(foreign, 404, "not_found")
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
def test_invalid_fields_of_a_key_are_named(program, bob, change, field):
    problem = problem_of(program(bob).post("/keys", {**FARM, **change}), 422, "invalid")
    assert [error["field"] for error in problem["errors"]] == [field]
    assert ApiKey.objects.count() == 1


@pytest.mark.parametrize("hours", [-1, 10**6, 1.5, "long"])
def test_an_invalid_overlap_is_rejected(program, bob, team, hours):
    key = program(bob) and team.api_keys.get()
    problem_of(program(bob).post(f"/keys/{key.pk}/rotate", {"overlap_hours": hours}), 422, "invalid")


def test_keys_need_the_manage_scope(program, alice):
    problem_of(program(alice, Scope.READ, Scope.GENERATE).get("/keys"), 403, "forbidden")


def test_the_list_has_a_constant_number_of_queries(program, alice, django_assert_num_queries):
    asked = program(alice)
    asked.get("/keys")
    for _ in range(3):
        asked.post("/keys", FARM)
    with django_assert_num_queries(4):
        assert len(json_of(asked.get("/keys"))["data"]) == 4
