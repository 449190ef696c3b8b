from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from django.core.files.base import ContentFile

from generations.accounts.roles import Scope
from generations.jobs.models import State
from generations.media.storages import media_storage
from tests.api.management.responses import refused, told
from tests.library.factories import make_generation, make_take


def test_a_take_brings_addresses_that_need_no_key(client, program, bob, funded):
    take = make_take(funded, bob)
    for asset in (take.video, take.poster, take.shot.first_frame):
        media_storage().save(asset.name, ContentFile(b"x" * asset.bytes))
    told_of = told(program(bob).get(f"/takes/{take.pk}"))
    video = told_of["video"]
    assert (video["width"], video["height"], video["frames"], video["fps"], video["seconds"]) == (
        1920,
        1080,
        144,
        24,
        6,
    )
    for url in (video["url"], told_of["poster_url"], told_of["first_frame_url"]):
        answer = client.get(urlsplit(url).path)
        assert answer.status_code == 200
        assert len(b"".join(answer.streaming_content) if answer.streaming else answer.content) == 1234
    assert told_of["last_frame_url"] is None
    assert told_of["urls_expire_at"] > told_of["created_at"]


def test_everybody_with_a_key_to_read_sees_the_teams_takes(program, alice, bob, rita, funded):
    take = make_generation(funded, alice)
    make_generation(funded, alice, State.QUEUED)
    for person in (alice, bob, rita):
        assert [row["id"] for row in told(program(person).get("/takes"))["data"]] == [str(take.pk)]


def test_what_is_not_finished_is_no_take(program, bob, funded):
    for state in (State.QUEUED, State.PROCESSING, State.FAILED):
        refused(program(bob).get(f"/takes/{make_generation(funded, bob, state).pk}"), 404, "not_found")


def test_takes_are_filtered(program, alice, bob, funded):
    boat = make_generation(funded, bob, prompt="A boat.")
    make_generation(funded, alice, prompt="A lamp.")
    for parameters in ({"q": "boat"}, {"author": bob.pk}):
        assert [row["id"] for row in told(program(bob).get("/takes", **parameters))["data"]] == [str(boat.pk)]
    refused(program(bob).get("/takes", state="failed"), 422, "invalid")


def test_a_key_that_may_only_generate_has_no_takes_to_read(program, bob, funded):
    refused(program(bob, Scope.GENERATE).get("/takes"), 403, "forbidden")


def test_anothers_take_is_answered_as_one_that_is_not_there(stranger, bob, funded):
    foreign = stranger.get(f"/takes/{make_generation(funded, bob).pk}")
    missing = stranger.get(f"/takes/{uuid4()}")
    refused(foreign, 404, "not_found")
    assert foreign.content == missing.content


def test_the_list_costs_the_same_however_long(program, bob, funded, django_assert_num_queries):
    asked = program(bob)
    make_generation(funded, bob)
    asked.get("/takes")
    for _ in range(3):
        make_generation(funded, bob)
    with django_assert_num_queries(3):
        assert len(told(asked.get("/takes"))["data"]) == 4


@pytest.mark.parametrize("path", ["/takes/x", "/generations/1", "/nowhere", "/"])
def test_an_address_that_is_none_is_a_problem_too(program, bob, path):
    refused(program(bob).get(path), 404, "not_found")


def test_a_wrong_method_says_which_are_right(program, bob):
    answer = program(bob).send("delete", "/takes")
    problem = refused(answer, 405, "method_not_allowed")
    assert answer.headers["Allow"] == "GET"
    assert "GET" in problem["detail"]
