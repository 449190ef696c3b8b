from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from django.core.files.base import ContentFile

from generations.accounts.roles import Scope
from generations.jobs.models import State
from generations.media.storages import media_storage
from tests.api.management.responses import json_of, problem_of
from tests.library.factories import make_generation, make_take


def test_the_urls_of_a_take_need_no_key(client, program, bob, funded):
    take = make_take(funded, bob)
    for asset in (take.video, take.poster, take.shot.first_frame):
        media_storage().save(asset.name, ContentFile(b"x" * asset.bytes))
    told_of = json_of(program(bob).get(f"/takes/{take.pk}"))
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


def test_read_keys_see_all_takes_of_the_team(program, alice, bob, rita, funded):
    take = make_generation(funded, alice)
    make_generation(funded, alice, State.QUEUED)
    for person in (alice, bob, rita):
        assert [row["id"] for row in json_of(program(person).get("/takes"))["data"]] == [str(take.pk)]


def test_an_unfinished_generation_is_no_take(program, bob, funded):
    for state in (State.QUEUED, State.PROCESSING, State.FAILED):
        problem_of(program(bob).get(f"/takes/{make_generation(funded, bob, state).pk}"), 404, "not_found")


def test_takes_are_filtered(program, alice, bob, funded):
    boat = make_generation(funded, bob, prompt="A boat.")
    make_generation(funded, alice, prompt="A lamp.")
    for parameters in ({"q": "boat"}, {"author": bob.pk}):
        assert [row["id"] for row in json_of(program(bob).get("/takes", **parameters))["data"]] == [str(boat.pk)]
    problem_of(program(bob).get("/takes", state="failed"), 422, "invalid")


def test_a_generate_key_cannot_read_takes(program, bob, funded):
    problem_of(program(bob, Scope.GENERATE).get("/takes"), 403, "forbidden")


def test_a_take_of_another_team_looks_like_a_missing_one(stranger, bob, funded):
    foreign = stranger.get(f"/takes/{make_generation(funded, bob).pk}")
    missing = stranger.get(f"/takes/{uuid4()}")
    problem_of(foreign, 404, "not_found")
    assert foreign.content == missing.content


def test_the_list_has_a_constant_number_of_queries(program, bob, funded, django_assert_num_queries):
    asked = program(bob)
    make_generation(funded, bob)
    asked.get("/takes")
    for _ in range(3):
        make_generation(funded, bob)
    with django_assert_num_queries(3):
        assert len(json_of(asked.get("/takes"))["data"]) == 4


@pytest.mark.parametrize("path", ["/takes/x", "/generations/1", "/nowhere", "/"])
def test_an_unknown_url_returns_problem_details(program, bob, path):
    problem_of(program(bob).get(path), 404, "not_found")


def test_a_wrong_method_names_the_allowed_ones(program, bob):
    answer = program(bob).send("delete", "/takes")
    problem = problem_of(answer, 405, "method_not_allowed")
    assert answer.headers["Allow"] == "GET"
    assert "GET" in problem["detail"]
