import pytest

from generations.jobs.models import Generation
from tests.library.factories import make_asset, make_generation
from tests.web.pages import forbidden_options, form_values, words


def test_form_opens_with_defaults_and_a_price(client_of, bob, funded, studio):
    page = client_of(bob).get(studio)
    values = form_values(page)
    assert values["model"] == "ltx-2-5-fast"
    assert values["resolution"] == "1920x1080"
    assert values["fps"] == "24"
    assert values["duration"] == "6"
    assert values["generate_audio"] == "true"
    assert values["quoted"] == "78"
    assert "Generate · 78 credits 922 credits left after this" in words(page)


def test_every_form_has_its_own_idempotency_key(client_of, bob, studio):
    browser = client_of(bob)
    keys = {form_values(browser.get(studio))["idempotency_key"] for _ in range(2)}
    assert len(keys) == 2


def test_form_opens_with_the_settings_of_a_take(client_of, bob, alice, funded, studio):
    last = make_asset(funded)
    take = make_generation(
        funded, alice, model="ltx-2-3-pro", resolution="1080x1920", duration=8, fps=50, camera_motion="jib_up",
        generate_audio=False, last_frame=last, prompt="Rain <begins>.",
    )  # fmt: skip
    values = form_values(client_of(bob).get(studio, {"from": take.pk}))
    assert values["prompt"] == "Rain <begins>."
    assert (values["model"], values["resolution"]) == ("ltx-2-3-pro", "1080x1920")
    assert (values["duration"], values["fps"], values["camera_motion"]) == ("8", "50", "jib_up")
    assert (values["first_frame"], values["last_frame"]) == (str(take.first_frame_id), str(last.pk))
    assert "generate_audio" not in values
    assert forbidden_options(client_of(bob).get(studio, {"from": take.pk}), "duration") == [
        "12", "14", "16", "18", "20"
    ]  # fmt: skip


@pytest.mark.parametrize("like", ["x", "00000000-0000-0000-0000-000000000000"])
def test_unknown_take_is_a_404(client_of, bob, studio, like):
    assert client_of(bob).get(studio, {"from": like}).status_code == 404


def test_take_of_another_team_is_a_404(client_of, charlie, other_team, bob, funded, studio):
    theirs = make_generation(funded, bob)
    assert client_of(charlie).get(f"/t/{other_team.slug}/studio/", {"from": theirs.pk}).status_code == 404


def test_query_count_does_not_depend_on_the_number_of_jobs(
    client_of, bob, funded, studio, django_assert_max_num_queries
):
    browser = client_of(bob)
    browser.get(studio)
    with django_assert_max_num_queries(12) as first:
        browser.get(studio)
    for _ in range(3):
        make_generation(funded, bob)
    with django_assert_max_num_queries(len(first)):
        browser.get(studio)
    assert Generation.objects.count() == 3
