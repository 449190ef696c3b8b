from uuid import uuid4

import pytest

from generations.jobs.models import State
from generations.review.models import Decision
from tests.library.factories import make_generation, make_take
from tests.web.pages import words


@pytest.fixture
def take(funded, bob):
    return make_take(funded, bob)


def address(team, take) -> str:
    return f"/t/{team.slug}/takes/{take.pk}/decision"


def verdicts() -> list[tuple[str, str, str]]:
    found = Decision.objects.order_by("id").values_list("user__email", "verdict", "note")
    return [(email.partition("@")[0], verdict, note) for email, verdict, note in found]


@pytest.mark.parametrize("who", ["alice", "bob", "rita"])
def test_who_may_review_decides_and_the_page_says_so(who, request, client_of, funded, take):
    person = request.getfixturevalue(who)
    browser = client_of(person)
    answer = browser.post(address(funded, take), {"verdict": "approved", "note": "The light."}, follow=True)
    assert verdicts() == [(who, "approved", "The light.")]
    text = words(answer)
    assert f"Approved by {person}" in text
    assert "“The light.”" in text


def test_a_later_word_of_the_same_person_replaces_it(client_of, rita, bob, funded, take):
    for person, verdict in ((rita, "approved"), (bob, "approved"), (rita, "changes")):
        client_of(person).post(address(funded, take), {"verdict": verdict})
    assert verdicts() == [("rita", "changes", ""), ("bob", "approved", "")]


def test_it_can_be_taken_back(client_of, rita, funded, take):
    browser = client_of(rita)
    browser.post(address(funded, take), {"verdict": "approved"})
    browser.post(address(funded, take), {"verdict": ""})
    browser.post(address(funded, take), {"verdict": ""})
    assert verdicts() == []


@pytest.mark.parametrize("state", [State.QUEUED, State.FAILED])
def test_only_a_finished_take_can_be_decided_on(client_of, bob, funded, state):
    job = make_generation(funded, bob, state)
    assert client_of(bob).post(address(funded, job), {"verdict": "approved"}).status_code == 409
    assert verdicts() == []


def test_what_is_no_verdict_or_no_take_is_not_there(client_of, rita, funded, take):
    assert client_of(rita).post(address(funded, take), {"verdict": "splendid"}).status_code == 404
    nowhere = f"/t/{funded.slug}/takes/{uuid4()}/decision"
    assert client_of(rita).post(nowhere, {"verdict": "approved"}).status_code == 404


def test_a_stranger_decides_nothing(client_of, charlie, other_team, funded, take):
    for team in (funded, other_team):
        assert client_of(charlie).post(address(team, take), {"verdict": "approved"}).status_code == 404
    assert verdicts() == []
