import base64
from datetime import timedelta
from urllib.parse import urlencode
from uuid import uuid4

import pytest
from django.utils import timezone

from generations.accounts.roles import Scope
from generations.credits.balances import balance_of
from generations.jobs.models import Generation, State
from tests.api.management.responses import json_of, problem_of
from tests.library.factories import make_generation


def ids(response) -> list[str]:
    return [row["id"] for row in json_of(response)["data"]]


def test_a_generation_has_its_settings_and_its_cost(program, bob, funded):
    take = make_generation(funded, bob, prompt="The lantern sways.")
    row = json_of(program(bob).get(f"/generations/{take.pk}"))
    assert row["state"] == "completed"
    assert (row["prompt"], row["model"], row["duration"], row["fps"]) == ("The lantern sways.", "ltx-2-3-fast", 6, 24)
    assert (row["resolution"], row["camera_motion"], row["generate_audio"]) == ("1920x1080", None, True)
    assert (row["price"], row["charged"]) == (36, 36)
    assert row["author"] == {"id": bob.pk, "name": "Bob"}
    assert row["error"] is None
    assert row["place"] is None
    assert row["created_at"].endswith("Z")


def test_a_queued_generation_has_its_position(program, bob, funded):
    make_generation(funded, bob, State.QUEUED, age=timedelta(minutes=1))
    second = make_generation(funded, bob, State.QUEUED)
    assert json_of(program(bob).get(f"/generations/{second.pk}"))["place"] == 2


def test_a_failed_generation_has_its_error(program, bob, funded):
    failed = make_generation(
        funded, bob, State.FAILED, error_type="content_filtered_error", error_message="Refused by moderation."
    )
    row = json_of(program(bob).get(f"/generations/{failed.pk}"))
    assert row["error"] == {"type": "content_filtered_error", "message": "Refused by moderation."}
    assert row["charged"] is None


def test_managers_see_all_and_members_their_own_and_all_takes(program, alice, bob, rita, funded):
    take = make_generation(funded, alice, prompt="Hers.", age=timedelta(minutes=3))
    hers = make_generation(funded, alice, State.QUEUED, age=timedelta(minutes=2))
    mine = make_generation(funded, bob, State.QUEUED, age=timedelta(minutes=1))
    everything = [str(mine.pk), str(hers.pk), str(take.pk)]
    assert ids(program(alice).get("/generations")) == everything
    assert ids(program(bob).get("/generations")) == [str(mine.pk), str(take.pk)]
    assert ids(program(rita).get("/generations")) == [str(take.pk)]
    problem_of(program(bob).get(f"/generations/{hers.pk}"), 404, "not_found")


def test_a_managers_key_without_the_scope_sees_what_a_member_sees(program, alice, bob, funded):
    waiting = make_generation(funded, bob, State.QUEUED)
    assert ids(program(alice, Scope.READ).get("/generations")) == []
    problem_of(program(alice, Scope.READ, Scope.GENERATE).post(f"/generations/{waiting.pk}/cancel"), 404, "not_found")


def test_a_key_that_may_only_generate_sees_its_own(program, alice, bob, funded):
    make_generation(funded, alice)
    mine = make_generation(funded, bob)
    assert ids(program(bob, Scope.GENERATE).get("/generations")) == [str(mine.pk)]


def test_a_service_key_sees_what_it_submitted_itself(program, alice, funded):
    service = program(alice, Scope.GENERATE, is_service=True)
    make_generation(funded, alice, State.QUEUED)
    key = funded.api_keys.get()
    own = make_generation(funded, alice, State.QUEUED, api_key=key)
    rows = json_of(service.get("/generations"))["data"]
    assert [row["id"] for row in rows] == [str(own.pk)]
    assert rows[0]["api_key"] == {"id": str(key.pk), "name": "render farm"}


def test_filters(program, alice, bob, funded):
    boat = make_generation(funded, bob, prompt="A boat leaves.", age=timedelta(hours=5))
    lamp = make_generation(funded, alice, State.FAILED, prompt="A lamp sways.", model="ltx-2-3-pro")
    asked = program(alice)
    hour_ago = (timezone.now() - timedelta(hours=1)).isoformat()
    for parameters, found in (
        ({"state": "failed"}, [lamp]),
        ({"model": "ltx-2-3-pro"}, [lamp]),
        ({"author": bob.pk}, [boat]),
        ({"q": "BOAT"}, [boat]),
        ({"created_from": hour_ago}, [lamp]),
        ({"created_before": hour_ago}, [boat]),
        ({"q": "100%"}, []),
    ):
        assert ids(asked.get("/generations", **parameters)) == [str(row.pk) for row in found], parameters
    both = asked.get("/generations?" + urlencode({"state": ["failed", "completed"]}, doseq=True))
    assert ids(both) == [str(lamp.pk), str(boat.pk)]


def test_pages_contain_every_generation_once(program, bob, funded):
    made = [make_generation(funded, bob, age=timedelta(minutes=n)) for n in range(7)]
    asked, seen, cursor = program(bob), [], {}
    while True:
        page = json_of(asked.get("/generations", limit=3, **cursor))
        seen += [row["id"] for row in page["data"]]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert seen == [str(take.pk) for take in made]


@pytest.mark.parametrize(
    ("parameters", "field"),
    [
        ({"state": "done"}, "state.0"),
        ({"limit": 0}, "limit"),
        ({"limit": 1000}, "limit"),
        ({"author": "bob"}, "author"),
        ({"author": 2**70}, "author"),
        ({"created_from": "yesterday"}, "created_from"),
        ({"created_from": "1767225600"}, "created_from"),
        ({"created_from": "0001-01-01T00:00:00+14:00"}, "created_from"),
        ({"created_before": "2026-01-01T00:00:00"}, "created_before"),
        ({"q": "a\x00b"}, "q"),
    ],
)
def test_an_invalid_parameter_is_named(program, bob, parameters, field):
    problem = problem_of(program(bob).get("/generations", **parameters), 422, "invalid")
    assert [error["field"] for error in problem["errors"]] == [field]


@pytest.mark.parametrize("cursor", ["x", "AAAA", "é", "MjAyNi0wMS0wMQ"])
def test_an_unknown_cursor_is_rejected(program, bob, cursor):
    problem_of(program(bob).get("/generations", cursor=cursor), 422, "invalid")


def test_a_moment_may_have_any_offset(program, bob, funded):
    take = make_generation(funded, bob)
    assert ids(program(bob).get("/generations", created_from="2020-06-24T10:54:57+21:54")) == [str(take.pk)]


@pytest.mark.parametrize("moment", ["2026-01-01T00:00:00+23:00", "0001-01-01T00:00:00+14:00"])
def test_a_forged_cursor_breaks_nothing(program, bob, funded, moment):
    cursor = base64.urlsafe_b64encode(f"{moment}|{uuid4().hex}".encode()).decode()
    assert program(bob).get("/generations", cursor=cursor).status_code in (200, 422)


def test_a_misspelled_filter_is_rejected(program, bob):
    problem = problem_of(program(bob).get("/generations", stat="failed"), 422, "invalid")
    assert "Unknown parameter: stat" in problem["detail"]
    assert "state" in problem["detail"]


def test_cancel_refunds_and_can_be_repeated(program, bob, funded, member):
    waiting = make_generation(funded, bob, State.QUEUED)
    asked = program(bob)
    assert json_of(asked.post(f"/generations/{waiting.pk}/cancel"))["state"] == "canceled"
    assert json_of(asked.post(f"/generations/{waiting.pk}/cancel"))["state"] == "canceled"
    assert balance_of(member(bob, funded)).available == 1000


def test_a_generation_at_the_provider_cannot_be_canceled(program, bob, funded):
    gone = make_generation(funded, bob, State.PROCESSING)
    problem = problem_of(program(bob).post(f"/generations/{gone.pk}/cancel"), 409, "conflict")
    assert "cannot be canceled" in problem["detail"]


def test_managers_cancel_for_others_and_members_do_not(program, alice, bob, funded):
    waiting = make_generation(funded, bob, State.QUEUED)
    assert json_of(program(alice).post(f"/generations/{waiting.pk}/cancel"))["state"] == "canceled"
    hers = make_generation(funded, alice, State.QUEUED)
    problem_of(program(bob).post(f"/generations/{hers.pk}/cancel"), 404, "not_found")


def test_retry_submits_once(program, bob, funded):
    failed = make_generation(funded, bob, State.FAILED)
    first = json_of(program(bob).post(f"/generations/{failed.pk}/retry"), 202)
    second = json_of(program(bob).post(f"/generations/{failed.pk}/retry"), 202)
    assert first["id"] == second["id"]
    assert first["retry_of"] == str(failed.pk)
    assert first["state"] == "queued"
    assert first["api_key"]["name"] == "render farm"
    assert Generation.objects.count() == 2


def test_retry_without_credits_has_the_shortage(program, bob, funded, team, alice):
    failed = make_generation(funded, bob, State.FAILED)
    for _ in range(27):
        make_generation(funded, bob)
    problem = problem_of(program(bob).post(f"/generations/{failed.pk}/retry"), 402, "out_of_credits")
    assert (problem["required"], problem["available"], problem["limit"]) == (36, 28, "wallet")
    assert problem["resets_at"] is None


def test_only_failed_and_canceled_generations_are_retried(program, bob, funded):
    take = make_generation(funded, bob)
    problem_of(program(bob).post(f"/generations/{take.pk}/retry"), 409, "conflict")


ACTS = (("get", ""), ("post", "/cancel"), ("post", "/retry"))


@pytest.mark.parametrize(("method", "act"), ACTS)
def test_another_members_generation_looks_like_a_missing_one(stranger, bob, funded, method, act):
    for state in (State.COMPLETED, State.QUEUED, State.FAILED):
        theirs = make_generation(funded, bob, state)
        foreign = stranger.send(method, f"/generations/{theirs.pk}{act}")
        missing = stranger.send(method, f"/generations/{uuid4()}{act}")
        assert foreign.status_code == missing.status_code == 404
        assert foreign.content == missing.content
        apart = {"x-request-id", "ratelimit"}  # each request is another, and counts
        assert [h for h in foreign.items() if h[0].lower() not in apart] == [
            h for h in missing.items() if h[0].lower() not in apart
        ]
        theirs.refresh_from_db()
        assert theirs.state == state


@pytest.mark.parametrize(("method", "act"), ACTS)
def test_a_key_is_required(anonymous, bob, funded, method, act):
    take = make_generation(funded, bob)
    answer = anonymous.send(method, f"/generations/{take.pk}{act}")
    problem_of(answer, 401, "unauthenticated")
    assert answer.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("act", ["cancel", "retry"])
def test_a_read_key_cannot_change_anything(program, bob, funded, act):
    waiting = make_generation(funded, bob, State.QUEUED)
    problem = problem_of(program(bob, Scope.READ).post(f"/generations/{waiting.pk}/{act}"), 403, "forbidden")
    assert "scope generate" in problem["detail"]


def test_a_list_has_a_constant_number_of_queries(program, bob, funded, django_assert_num_queries):
    asked = program(bob)
    make_generation(funded, bob, State.QUEUED)
    asked.get("/generations")
    with django_assert_num_queries(3):
        asked.get("/generations")
    for _ in range(4):
        make_generation(funded, bob)
    with django_assert_num_queries(3):
        asked.get("/generations")
