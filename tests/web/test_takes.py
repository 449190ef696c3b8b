from datetime import timedelta

import pytest
from django.core.files.base import ContentFile

from generations.accounts.roles import Role
from generations.accounts.teams import add_member
from generations.jobs.models import State
from generations.media.storages import media_storage
from tests.library.factories import make_asset, make_generation, make_take
from tests.web.pages import links, words


def address(take) -> str:
    return f"/t/{take.team.slug}/takes/{take.pk}/"


@pytest.fixture
def take(funded, bob):
    made = make_take(funded, bob, prompt="Rain <begins>.", is_preview=True, last_frame=make_asset(funded))
    media_storage().save(made.video.name, ContentFile(b"m" * made.video.bytes))
    return made


def test_page_shows_the_take_with_its_settings(client_of, alice, take):
    page = client_of(alice).get(address(take))
    text, html = words(page), page.content.decode()
    assert "Rain <begins>." in text
    assert "Model LTX 2.3 Fast" in text
    assert "Resolution 1920 × 1080" in text
    assert "Duration 6 s, 144 frames" in text
    assert "Cost 36 credits" in text
    assert "by Bob" in text
    assert "Preview (no AI model)" in text
    assert 'data-frames="144" data-rate="24/1"' in html
    for asset in (take.video, take.poster, take.shot.first_frame, take.last_frame):
        assert f"/media/{asset.pk}" in html


def test_only_members_who_may_generate_can_reuse_settings(client_of, bob, rita, take):
    again = f"/t/{take.team.slug}/studio/?from={take.pk}"
    assert again in links(client_of(bob).get(address(take)))
    assert again not in links(client_of(rita).get(address(take)))


def test_page_links_to_adjacent_takes(client_of, bob, funded):
    old, middle, new = (make_generation(funded, bob, age=timedelta(hours=hours)) for hours in (3, 2, 1))
    make_generation(funded, bob, State.FAILED, age=timedelta(minutes=90))
    assert {address(old), address(new)} <= set(links(client_of(bob).get(address(middle))))
    for end in (old, new):
        beside = [
            link for link in links(client_of(bob).get(address(end))) if "/takes/" in link and "download" not in link
        ]
        assert beside == [address(middle)]


def test_unfinished_job_redirects_to_the_list(client_of, bob, funded):
    job = make_generation(funded, bob, State.PROCESSING)
    assert client_of(bob).get(address(job))["Location"] == f"/t/{funded.slug}/jobs/"


def test_take_of_another_team_is_a_404(client, client_of, charlie, other_team, take):
    assert client.get(address(take)).status_code == 302
    for path in (address(take), f"/t/{other_team.slug}/takes/{take.pk}/"):
        assert client_of(charlie).get(path).status_code == 404
        assert client_of(charlie).get(f"{path}download").status_code == 404


def test_member_of_both_teams_finds_it_only_in_its_team(client_of, alice, bob, other_team, take):
    add_member(team=other_team, user=alice, role=Role.CREATOR)
    assert client_of(alice).get(f"/t/{other_team.slug}/takes/{take.pk}/").status_code == 404


def test_download_has_a_readable_name(client_of, rita, take):
    response = client_of(rita).get(f"{address(take)}download")
    assert response.status_code == 200
    assert response["Content-Type"] == "video/mp4"
    name = f"rain-begins-1920x1080-24fps-{take.pk.hex[-6:]}.mp4"
    assert response["Content-Disposition"] == f'attachment; filename="{name}"'
    assert b"".join(response) == b"m" * take.video.bytes


def test_unfinished_job_has_no_download(client_of, bob, funded):
    job = make_generation(funded, bob, State.QUEUED)
    assert client_of(bob).get(f"{address(job)}download").status_code == 404


def test_missing_file_shows_an_error(client_of, bob, funded):
    response = client_of(bob).get(f"{address(make_generation(funded, bob))}download")
    assert response.status_code == 503
    assert "This file is missing" in words(response)


def test_query_count_does_not_depend_on_the_number_of_takes(client_of, bob, take, django_assert_max_num_queries):
    browser = client_of(bob)
    browser.get(address(take))
    with django_assert_max_num_queries(12) as few:
        browser.get(address(take))
    for _ in range(3):
        make_generation(take.team, bob)
    with django_assert_max_num_queries(len(few)):
        browser.get(address(take))
