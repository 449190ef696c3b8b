import re
from datetime import timedelta

import pytest

from generations.credits.grants import grant_credits
from generations.jobs.models import State
from generations.library.models import Take
from tests.library.factories import make_generation, make_take
from tests.web.pages import HTMX, links, words


def tiles(response, team) -> list[str]:
    """The ids of the takes on the page, in its order."""
    return re.findall(rf'href="/t/{team.slug}/takes/([0-9a-f-]+)/"', response.content.decode())


def test_every_member_sees_every_take_newest_first(client_of, alice, bob, rita, funded, gallery):
    older = make_generation(funded, alice, age=timedelta(hours=3))
    newer = make_generation(funded, bob)
    for person in (alice, bob, rita):
        page = client_of(person).get(gallery)
        assert tiles(page, funded) == [str(newer.pk), str(older.pk)]
    text = words(page)
    assert "0:06" in text
    assert "Alice" in text
    assert "3 h ago" in text


def test_a_tile_is_there_before_its_picture(client_of, rita, bob, funded, gallery):
    take = make_take(funded, bob)
    html = client_of(rita).get(gallery).content.decode()
    assert take.poster.placeholder in html
    assert f'src="/media/{take.poster_id}" width="1920" height="1080"' in html
    assert f'data-video="/media/{take.video_id}"' in html
    assert "<video" not in html


def test_what_did_not_succeed_is_not_there(client_of, rita, bob, funded, gallery):
    for state in (State.FAILED, State.CANCELED, State.QUEUED):
        make_generation(funded, bob, state)
    page = client_of(rita).get(gallery)
    assert tiles(page, funded) == []
    assert "No takes yet" in words(page)


def test_only_my_own_jobs_stand_above_it(client_of, alice, bob, funded, gallery):
    mine = make_generation(funded, bob, State.PROCESSING, prompt="Mine.")
    make_generation(funded, alice, State.PROCESSING, prompt="Hers.")
    html = client_of(bob).get(gallery).content.decode()
    assert f'id="job-{mine.pk}" data-live' in html
    assert "Hers." not in html


def test_a_tile_under_way_can_be_asked_for_alone(client_of, alice, bob, charlie, other_team, funded, gallery):
    job = make_generation(funded, alice, State.SAVING)
    tile = f"{gallery}{job.pk}/tile"
    assert "Saving" in words(client_of(alice).get(tile, **HTMX))
    assert client_of(bob).get(tile).status_code == 404
    assert client_of(charlie).get(tile).status_code == 404
    assert client_of(charlie).get(f"/t/{other_team.slug}/gallery/{job.pk}/tile").status_code == 404


@pytest.mark.parametrize("htmx", [{}, HTMX])
def test_paging_loses_and_repeats_nothing(client_of, rita, bob, funded, gallery, htmx):
    grant_credits(team=funded, amount=1000, reason="for many")
    made = [make_take(funded, bob) for _ in range(49)]
    Take.objects.update(created_at=made[0].created_at)
    seen, address = [], gallery
    while address:
        page = client_of(rita).get(address, **htmx)
        seen += tiles(page, funded)
        more = [link for link in links(page) if link.startswith("?after=")]
        address = gallery + more[0] if more else ""
    assert seen == sorted((str(take.pk) for take in made), reverse=True)


def test_a_new_take_does_not_shift_the_next_page(client_of, rita, bob, funded, gallery):
    first = [make_generation(funded, bob, age=timedelta(minutes=n)) for n in range(25)]
    page = client_of(rita).get(gallery)
    make_generation(funded, bob)
    more = next(link for link in links(page) if link.startswith("?after="))
    assert tiles(client_of(rita).get(gallery + more), funded) == [str(first[-1].pk)]


def test_an_empty_gallery_leads_to_the_studio(client_of, bob, rita, team, gallery):
    studio = f"/t/{team.slug}/studio/"
    assert studio in links(client_of(bob).get(gallery))
    assert studio not in links(client_of(rita).get(gallery))


def test_another_team_s_takes_stay_there(client_of, charlie, other_team, bob, funded, gallery):
    make_generation(funded, bob)
    assert tiles(client_of(charlie).get(f"/t/{other_team.slug}/gallery/"), other_team) == []
    assert client_of(charlie).get(gallery).status_code == 404


def test_it_costs_the_same_number_of_queries_however_many(
    client_of, bob, funded, gallery, django_assert_max_num_queries
):
    browser = client_of(bob)
    make_generation(funded, bob)
    browser.get(gallery)
    with django_assert_max_num_queries(11) as few:
        browser.get(gallery)
    for state in (State.COMPLETED, State.COMPLETED, State.QUEUED, State.SAVING):
        make_generation(funded, bob, state)
    with django_assert_max_num_queries(len(few)):
        browser.get(gallery)
