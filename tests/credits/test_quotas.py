from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from pytest_django import DjangoAssertNumQueries

from generations.accounts.api_keys import create_key
from generations.accounts.models import ApiKey, Membership, Team, User
from generations.accounts.roles import Role, Scope
from generations.common.clock import database_now, database_time
from generations.credits.balances import balance_of
from generations.credits.errors import NotAllowedError, OutOfCreditsError, TooManyJobsError
from generations.credits.holds import capture_hold, release_hold
from generations.credits.models import Hold, Period, Quota, QuotaRaise
from generations.credits.periods import span_of
from generations.credits.quotas import EffectiveQuota, Level, effective_quota
from generations.credits.reconciliation import CHECKS, run_checks
from tests.credits.holds import hold_credits

Member = Callable[[User, Team], Membership]


@pytest.fixture
def membership(funded: Team, bob: User, member: Member) -> Membership:
    return member(bob, funded)


@pytest.fixture
def key(membership: Membership) -> ApiKey:
    return create_key(membership=membership, name="render farm", scopes=[Scope.GENERATE]).key


@pytest.fixture
def service_key(funded: Team, alice: User, member: Member) -> ApiKey:
    owner = member(alice, funded)
    return create_key(membership=owner, name="nightly", scopes=[Scope.GENERATE], is_service=True).key


def hold(membership: Membership, amount: int, key: ApiKey | None = None) -> int:
    return hold_credits(membership, amount, api_key=key)


def test_the_nearest_level_that_sets_a_field_decides_it(membership: Membership) -> None:
    team = membership.team
    Quota.objects.create(team=team, cap=500, max_jobs=9, max_seconds=20, allowed_models=["ltx-2-3-fast"])
    Quota.objects.create(team=team, role=Role.CREATOR, cap=200, max_tier="1080p")
    Quota.objects.create(team=team, role=Role.REVIEWER, cap=1, max_jobs=1)
    Quota.objects.create(team=team, membership=membership, max_jobs=2)
    caps = effective_quota(membership).member
    assert caps.cap.value is not None
    assert (caps.cap.value.credits, caps.cap.level) == (200, Level.ROLE)
    assert (caps.max_jobs.value, caps.max_jobs.level) == (2, Level.MEMBER)
    assert (caps.max_seconds.value, caps.max_seconds.level) == (20, Level.TEAM)
    assert (caps.max_tier.value, caps.max_tier.level) == ("1080p", Level.ROLE)
    assert (caps.allowed_models.value, caps.allowed_models.level) == (("ltx-2-3-fast",), Level.TEAM)


def test_a_level_may_lift_the_cap_of_the_one_above(membership: Membership) -> None:
    Quota.objects.create(team=membership.team, cap=10)
    Quota.objects.create(team=membership.team, membership=membership, is_uncapped=True)
    cap = effective_quota(membership).member.cap
    assert (cap.value, cap.level) == (None, Level.MEMBER)
    assert hold(membership, 36)


def test_without_a_quota_there_are_no_limits(
    membership: Membership, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(1):
        quota = effective_quota(membership)
    assert quota == EffectiveQuota()


@pytest.mark.parametrize(("level", "limit"), [("team", "member"), ("role", "role"), ("member", "member")])
def test_a_shortage_names_the_limit_and_its_figures(level: str, limit: str, membership: Membership) -> None:
    holder = {"team": {}, "role": {"role": Role.CREATOR}, "member": {"membership": membership}}[level]
    Quota.objects.create(team=membership.team, cap=50, period=Period.WEEK, **holder)
    capture_hold(hold_id=hold(membership, 10), amount=4)
    hold(membership, 30)
    with pytest.raises(OutOfCreditsError) as caught:
        hold(membership, 17)
    shortage = caught.value.shortage
    assert (shortage.limit, shortage.required, shortage.available, shortage.held) == (limit, 17, 16, 30)
    assert shortage.resets_at == span_of(Period.WEEK, database_now()).end
    assert hold(membership, 16)


def test_a_key_has_a_quota_beside_its_members(membership: Membership, key: ApiKey) -> None:
    Quota.objects.create(team=membership.team, api_key=key, cap=20, period=Period.NONE)
    Quota.objects.create(team=membership.team, membership=membership, cap=50)
    hold(membership, 20, key)
    with pytest.raises(OutOfCreditsError) as caught:
        hold(membership, 1, key)
    assert (caught.value.shortage.limit, caught.value.shortage.resets_at) == ("key", None)
    hold(membership, 30)
    with pytest.raises(OutOfCreditsError) as caught:
        hold(membership, 1)
    assert caught.value.shortage.limit == "member"
    quota = balance_of(membership, key).quota
    assert quota is not None
    assert quota.left == 0


def test_a_service_key_counts_against_no_member(service_key: ApiKey, funded: Team, alice: User, member: Member) -> None:
    maker = member(alice, funded)
    Quota.objects.create(team=funded, cap=0)
    assert hold(maker, 36, service_key)
    assert Hold.objects.get().user is None
    Quota.objects.create(team=funded, api_key=service_key, cap=40)
    with pytest.raises(OutOfCreditsError) as caught:
        hold(maker, 5, service_key)
    assert (caught.value.shortage.limit, caught.value.shortage.available) == ("key", 4)


def test_a_release_counts_in_the_period_of_the_hold(membership: Membership) -> None:
    Quota.objects.create(team=membership.team, membership=membership, cap=40, period=Period.DAY)
    old = hold(membership, 40)
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        Hold.objects.filter(pk=old).update(created_at=database_time(-timedelta(days=2)))
        cursor.execute("SET session_replication_role = origin")
    hold(membership, 40)
    assert release_hold(hold_id=old, reason="failed")
    with pytest.raises(OutOfCreditsError):
        hold(membership, 1)


def test_a_period_begins_at_midnight_where_the_team_is(membership: Membership) -> None:
    membership.team.time_zone = "Pacific/Kiritimati"
    Quota.objects.create(team=membership.team, membership=membership, cap=40, period=Period.DAY)
    cap = effective_quota(membership).member.cap.value
    assert cap is not None
    assert cap.span == span_of(Period.DAY, database_now(), "Pacific/Kiritimati")
    assert cap.span != span_of(Period.DAY, database_now())


def test_an_increase_adds_to_the_cap_until_it_ends(membership: Membership) -> None:
    Quota.objects.create(team=membership.team, cap=10)
    ends = database_time(timedelta(hours=1))
    QuotaRaise.objects.create(membership=membership, amount=26, reason="deadline", expires_at=ends)
    QuotaRaise.objects.create(membership=membership, amount=99, reason="over", expires_at=database_time())
    assert hold(membership, 36)
    QuotaRaise.objects.update(expires_at=database_time(-timedelta(seconds=1)))
    with pytest.raises(OutOfCreditsError) as caught:
        hold(membership, 1)
    assert caught.value.shortage.available == 0


def test_too_many_jobs_is_not_a_shortage(membership: Membership) -> None:
    Quota.objects.create(team=membership.team, role=Role.CREATOR, max_jobs=2)
    first = hold(membership, 1)
    hold(membership, 1)
    with pytest.raises(TooManyJobsError) as caught:
        hold(membership, 1)
    assert (caught.value.limit, caught.value.most, caught.value.running) == ("role", 2, 2)
    release_hold(hold_id=first, reason="failed")
    assert hold(membership, 1)


def test_a_shortage_is_reported_before_too_many_jobs(membership: Membership) -> None:
    Quota.objects.create(team=membership.team, membership=membership, cap=1, max_jobs=1)
    hold(membership, 1)
    with pytest.raises(OutOfCreditsError):
        hold(membership, 1)
    with pytest.raises(OutOfCreditsError) as caught:
        hold(membership, 1001)
    assert caught.value.shortage.limit == "wallet"


@pytest.mark.parametrize(
    ("rule", "field", "says"),
    [
        ({"allowed_models": ["ltx-2-5-pro"]}, "model", "Choose ltx-2-5-pro"),
        ({"max_seconds": 6}, "duration", "up to 6 seconds per video"),
        ({"max_tier": "720p"}, "resolution", "up to 720p"),
    ],
)
def test_lists_and_maxima_of_one_job(rule: dict[str, object], field: str, says: str, membership: Membership) -> None:
    Quota.objects.create(team=membership.team, membership=membership, **rule)
    with pytest.raises(NotAllowedError, match=says) as caught:
        effective_quota(membership).check(model="ltx-2-3-fast", resolution="1920x1080", seconds=8)
    assert (caught.value.field, caught.value.limit) == (field, "member")


@pytest.mark.django_db(transaction=True)
class TestMany:
    """Parallel holds, each with its own connection."""

    def together(self, count: int, work: Callable[[], int]) -> list[str]:
        def one(_: int) -> str:
            try:
                return "held" if work() else ""
            except OutOfCreditsError as error:
                return error.shortage.limit
            except TooManyJobsError:
                return "early"
            finally:
                connection.close()

        with ThreadPoolExecutor(16) as pool:
            answers = list(pool.map(one, range(count)))
        assert not list(run_checks(CHECKS))
        return answers

    def test_two_hundred_with_a_members_cap_for_seven(self, membership: Membership) -> None:
        Quota.objects.create(team=membership.team, membership=membership, cap=76)
        answers = self.together(200, lambda: hold(membership, 10))
        assert (answers.count("held"), answers.count("member")) == (7, 193)

    def test_a_keys_cap_is_exact(self, membership: Membership, key: ApiKey) -> None:
        Quota.objects.create(team=membership.team, api_key=key, cap=35)
        answers = self.together(40, lambda: hold(membership, 10, key))
        assert (answers.count("held"), answers.count("key")) == (3, 37)

    def test_jobs_at_once_are_exact(self, membership: Membership) -> None:
        Quota.objects.create(team=membership.team, membership=membership, max_jobs=5)
        answers = self.together(60, lambda: hold(membership, 1))
        assert (answers.count("held"), answers.count("early")) == (5, 55)
