import pytest

from generations.accounts.models import Team
from generations.accounts.roles import Role
from generations.accounts.teams import add_member
from generations.credits.grants import grant_credits
from generations.credits.holds import capture_hold, release_hold
from generations.credits.models import Crossing, Quota
from generations.credits.usage_alerts import send_usage_alerts, set_alert_recipients
from generations.events.models import Notification
from tests.conftest import make_user
from tests.credits.holds import hold_credits


@pytest.fixture
def spend(member):
    def go(person, team, amount: int, *, is_charged: bool = True) -> int:
        hold_id = hold_credits(member(person, team), amount)
        if is_charged:
            capture_hold(hold_id=hold_id, amount=amount)
        return hold_id

    return go


def texts(person=None) -> list[str]:
    found = Notification.objects.order_by("id")
    return [notification.text for notification in (found.filter(user=person) if person else found)]


def test_each_level_of_a_wallet_is_alerted_once(funded, alice, bob, spend):
    spend(bob, funded, 740)
    assert send_usage_alerts() == 0
    steps = (
        (10, "75% of its credits (250 left)"),
        (150, "90% of its credits (100 left)"),
        (100, "all of its credits"),
    )
    for amount, text in steps:
        spend(bob, funded, amount)
        send_usage_alerts()
        send_usage_alerts()
        assert texts(alice)[-1] == f"Lighthouse has used {text}"
    assert len(texts()) == 3
    assert not texts(bob)


def test_reserved_credits_count(funded, alice, bob, spend):
    spend(bob, funded, 800, is_charged=False)
    send_usage_alerts()
    assert texts(alice) == ["Lighthouse has used 75% of its credits (200 left)"]


def test_of_several_levels_at_once_the_highest_is_texts(funded, alice, bob, spend):
    spend(bob, funded, 950)
    send_usage_alerts()
    assert texts(alice) == ["Lighthouse has used 90% of its credits (50 left)"]
    assert list(Crossing.objects.order_by("level").values_list("level", flat=True)) == [75, 90]


def test_refunded_credits_do_not_repeat_an_alert(funded, alice, bob, spend):
    hold_id = spend(bob, funded, 800, is_charged=False)
    send_usage_alerts()
    release_hold(hold_id=hold_id, reason="failed")
    send_usage_alerts()
    spend(bob, funded, 800)
    send_usage_alerts()
    assert len(texts(alice)) == 1


def test_a_new_income_resets_the_levels(funded, alice, bob, spend):
    spend(bob, funded, 900)
    send_usage_alerts()
    grant_credits(team=funded, amount=900, reason="more", actor=alice)
    assert send_usage_alerts() == 0
    spend(bob, funded, 750)
    send_usage_alerts()
    assert texts(alice) == [
        "Lighthouse has used 90% of its credits (100 left)",
        "Lighthouse has used 75% of its credits (250 left)",
    ]


def test_an_alert_about_a_quota_goes_to_the_member_and_to_managers(funded, alice, bob, member, spend):
    Quota.objects.create(team=funded, membership=member(bob, funded), cap=100)
    spend(bob, funded, 80)
    send_usage_alerts()
    send_usage_alerts()
    assert texts(alice) == ["Bob has used 75% of their credit limit in Lighthouse"]
    assert texts(bob) == ["You have used 75% of your credit limit in Lighthouse"]


def test_a_quota_counts_within_its_period(funded, bob, member, spend):
    Quota.objects.create(team=funded, cap=100, period="day")
    spend(bob, funded, 80)
    send_usage_alerts()
    (crossing,) = Crossing.objects.all()
    assert crossing.basis.startswith("day:")
    assert crossing.membership == member(bob, funded)


def test_named_recipients_replace_the_managers(funded, alice, bob, rita, member, spend):
    set_alert_recipients(team=funded, member_ids=[member(rita, funded).pk], actor=alice)
    spend(bob, funded, 800)
    send_usage_alerts()
    assert (len(texts(rita)), len(texts(alice))) == (1, 0)


def test_members_of_another_team_cannot_be_recipients(funded, other_team, alice, charlie, member, spend, bob):
    set_alert_recipients(team=funded, member_ids=[member(charlie, other_team).pk], actor=alice)
    spend(bob, funded, 800)
    send_usage_alerts()
    assert (len(texts(charlie)), len(texts(alice))) == (0, 1)


def test_an_empty_wallet_reaches_no_level(team: Team):
    assert send_usage_alerts() == 0


def test_it_takes_no_more_queries_for_many_members_without_jobs(
    funded, bob, django_assert_max_num_queries, django_assert_num_queries
):
    Quota.objects.create(team=funded, cap=100)
    with django_assert_max_num_queries(12) as few:
        send_usage_alerts()
    for nth in range(20):
        add_member(team=funded, user=make_user(f"quiet-{nth}"), role=Role.CREATOR)
    with django_assert_num_queries(len(few)):
        send_usage_alerts()
