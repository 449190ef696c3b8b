"""The credit limit pages, and the limits of a quota in the studio."""

from datetime import timedelta

import pytest
from django.utils import timezone

from generations.accounts.api_keys import create_key
from generations.accounts.models import Membership
from generations.accounts.roles import Role, Scope
from generations.accounts.teams import add_member
from generations.credits.models import Quota, QuotaRaise
from generations.events.models import Event
from generations.jobs.models import Generation, State
from tests.conftest import make_user
from tests.library.factories import make_generation
from tests.web.pages import forbidden_options, words

EMPTY = {"cap": "", "period": "month", "max_jobs": "", "max_seconds": "", "max_tier": ""}


@pytest.fixture
def quotas(funded) -> str:
    return f"/t/{funded.slug}/credits/quotas/"


def test_page_shows_effective_limits_with_their_source(client_of, alice, bob, funded, quotas, member):
    Quota.objects.create(team=funded, cap=500)
    Quota.objects.create(team=funded, role=Role.CREATOR, max_seconds=8)
    make_generation(funded, bob)
    text = words(client_of(alice).get(quotas))
    assert "Team default 500 credits a month" in text
    assert "Bob Creator Credits: 500 credits/month (team default) Duration: up to 8 s (role)" in text
    assert "36 charged, 0 reserved 464" in text


def test_page_of_one_quota_highlights_its_tab(client_of, alice, funded, quotas):
    page = client_of(alice).get(f"{quotas}role/creator/").content.decode()
    assert f'<a href="{quotas}" aria-current="page">Credit limits</a>' in page
    assert f'<a href="/t/{funded.slug}/credits/" aria-current' not in page.partition("</header>")[2]


@pytest.mark.parametrize("level", ["team", "role", "member", "key"])
def test_quota_can_be_set_changed_and_cleared_at_every_level(client_of, alice, bob, funded, quotas, member, level):
    key = create_key(membership=member(bob, funded), name="Script", scopes=[Scope.GENERATE]).key
    subject = {"team": "default", "role": "creator", "member": member(bob, funded).pk, "key": key.pk}[level]
    address, browser = f"{quotas}{level}/{subject}/", client_of(alice)
    browser.post(address, {**EMPTY, "cap": "200", "period": "week", "max_tier": "1080p"})
    quota = Quota.objects.get()
    assert (quota.cap, quota.period, quota.max_tier, quota.max_jobs) == (200, "week", "1080p", None)
    browser.post(address, {**EMPTY, "max_jobs": "2", "allowed_models": ["ltx-2-3-fast"]})
    quota = Quota.objects.get()
    assert (quota.cap, quota.max_jobs, quota.allowed_models) == (None, 2, ["ltx-2-3-fast"])
    browser.post(address, EMPTY)
    assert not Quota.objects.exists()
    kinds = Event.objects.filter(kind__startswith="quota.", is_audit=True).order_by("id").values_list("kind", flat=True)
    assert list(kinds) == ["quota.set", "quota.set", "quota.cleared"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"cap": "-1"}, "greater than or equal to 0"),
        ({"cap": "9", "is_uncapped": "on"}, "turn off “Unlimited”"),
        ({"period": "fortnight"}, "valid choice"),
        ({"max_tier": "8K"}, "valid choice"),
        ({"allowed_models": ["dall-e"]}, "valid choice"),
    ],
)
def test_invalid_quota_shows_the_error(client_of, alice, funded, quotas, changes, message):
    response = client_of(alice).post(f"{quotas}role/creator/", {**EMPTY, **changes})
    assert response.status_code == 422
    assert message in words(response)
    assert not Quota.objects.exists()


@pytest.mark.parametrize(
    "address", ["role/king/", "role/reviewer/", "member/0/", "member/x/", "key/x/", "team/other/", "moon/default/"]
)
def test_unknown_holder_is_a_404(client_of, alice, funded, rita, quotas, address):
    assert client_of(alice).get(quotas + address).status_code == 404
    assert client_of(alice).post(quotas + address, {**EMPTY, "cap": "5"}).status_code == 404


def test_member_of_another_team_is_a_404(client_of, alice, funded, charlie, other_team, quotas, member):
    address = f"{quotas}member/{member(charlie, other_team).pk}/"
    assert client_of(alice).post(address, {**EMPTY, "cap": "5"}).status_code == 404


def test_increase_applies_until_it_is_removed(client_of, alice, bob, funded, quotas, member, give_quota):
    give_quota(bob, 100)
    pk, browser = member(bob, funded).pk, client_of(alice)
    browser.post(f"{quotas}members/{pk}/raise", {"amount": 50, "until": "week", "reason": "The premiere."})
    assert "150 of 150 credits left" in words(client_of(bob).get(f"/t/{funded.slug}/credits/"))
    assert "The premiere." in words(browser.get(f"{quotas}member/{pk}/"))
    raised = QuotaRaise.objects.get()
    browser.post(f"{quotas}raises/{raised.pk}/end")
    assert "100 of 100 credits left" in words(client_of(bob).get(f"/t/{funded.slug}/credits/"))
    assert browser.post(f"{quotas}raises/{raised.pk}/end").status_code == 404


def test_expired_increase_does_not_apply(client_of, bob, funded, member, give_quota):
    give_quota(bob, 100)
    ended = timezone.now() - timedelta(minutes=1)
    QuotaRaise.objects.create(membership=member(bob, funded), amount=50, reason="x", expires_at=ended)
    assert "100 of 100 credits left" in words(client_of(bob).get(f"/t/{funded.slug}/credits/"))


def test_billing_member_sets_quotas_and_cannot_generate(client_of, funded, quotas):
    billing = add_member(team=funded, user=make_user("bill"), role=Role.BILLING).user
    client_of(billing).post(f"{quotas}team/default/", {**EMPTY, "cap": "5"})
    assert Quota.objects.get().cap == 5
    assert client_of(billing).get(f"/t/{funded.slug}/studio/").status_code == 403


def test_query_count_does_not_depend_on_the_number_of_members(
    client_of, alice, bob, funded, quotas, django_assert_max_num_queries, django_assert_num_queries
):
    Quota.objects.create(team=funded, cap=500)
    browser = client_of(alice)
    browser.get(quotas)
    with django_assert_max_num_queries(20) as few:
        browser.get(quotas)
    people = [make_user(f"member-{nth}") for nth in range(60)]
    Membership.objects.bulk_create([Membership(team=funded, user=user, role=Role.CREATOR) for user in people])
    with django_assert_num_queries(len(few)):
        page = browser.get(quotas)
    more = page.content.decode().partition('href="?after=')[2].partition('"')[0]
    assert words(browser.get(quotas, {"after": more})).count("Creator Credits: 500 credits/month") == 12


def test_studio_disables_options_beyond_the_quota(client_of, bob, funded, studio, member):
    Quota.objects.create(
        team=funded,
        membership=member(bob, funded),
        max_seconds=8,
        max_tier="1080p",
        allowed_models=["ltx-2-3-fast", "ltx-2-3-pro"],
    )
    page = client_of(bob).get(studio)
    assert "10" in forbidden_options(page, "duration")
    assert "3840x2160" in forbidden_options(page, "resolution")
    assert forbidden_options(page, "model") == ["ltx-2-5-fast", "ltx-2-5-pro"]
    text = words(page)
    assert "Your limit allows up to 8 seconds per video." in text
    assert "Your limit allows resolutions up to 1080p." in text
    assert "Your limit does not include LTX 2.5 Fast." in text


def test_submit_beyond_the_quota_is_rejected_at_its_field(client_of, bob, funded, studio, filled, member):
    Quota.objects.create(team=funded, membership=member(bob, funded), max_seconds=6)
    form = filled(model="ltx-2-3-fast", resolution="1280x720", duration="10", quoted=None)
    response = client_of(bob).post(studio, form)
    assert response.status_code == 403
    assert "Duration (seconds): Your limit allows up to 6 seconds per video." in words(response)
    assert not Generation.objects.exists()


def test_too_many_concurrent_jobs_is_a_429_that_keeps_the_form(client_of, bob, funded, studio, filled, member):
    Quota.objects.create(team=funded, role=Role.CREATOR, max_jobs=1)
    make_generation(funded, bob, State.QUEUED)
    form = filled(model="ltx-2-3-fast", resolution="1280x720", duration="6", quoted=None)
    response = client_of(bob).post(studio, form)
    assert response.status_code == 429
    assert "Your role's limit allows 1 job at a time." in words(response)
    assert "The lantern sways." in response.content.decode()
