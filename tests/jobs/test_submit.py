from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from pytest_django import DjangoAssertNumQueries

from generations.accounts.models import Team, User
from generations.common.errors import ForbiddenError
from generations.credits.balances import balance_of
from generations.credits.errors import OutOfCreditsError
from generations.credits.models import Hold, OfferedModel, PriceRow
from generations.events.models import Event
from generations.jobs.audit import audit_books
from generations.jobs.models import Generation
from generations.jobs.states import State
from generations.jobs.submit import InvalidWishError, Wish, submit_generation
from generations.media.models import Asset

from .rows import Member, Submit


def test_it_stores_the_job_and_holds_its_price(submit: Submit, funded: Team, bob: User, member: Member) -> None:
    generation = submit()
    generation.refresh_from_db()
    assert (generation.state, generation.price, generation.credits_per_second) == (State.QUEUED, 18, 3)
    assert generation.next_action_at is not None
    assert generation.hold.reference == generation.pk
    balance = balance_of(member(bob, funded))
    assert (balance.available, balance.held) == (982, 18)
    assert Event.objects.get(subject_id=generation.pk).kind == "generation.submitted"
    assert list(audit_books()) == []


def test_the_price_is_that_of_the_newest_row_that_has_begun(submit: Submit) -> None:
    PriceRow.objects.create(model="ltx-2-3-fast", tier="720p", credits_per_second=5, valid_from="2026-02-01")
    PriceRow.objects.create(model="ltx-2-3-fast", tier="720p", credits_per_second=9, valid_from="2999-01-01")
    assert submit().price == 30


def test_the_same_key_gives_the_same_job(submit: Submit) -> None:
    first, second = submit(key="one"), submit(key="one")
    assert first == second
    assert Hold.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_the_same_key_at_the_same_moment_gives_one_job(submit: Submit) -> None:
    def go(_: int) -> Generation:
        try:
            return submit(key="double click")
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        assert len({generation.pk for generation in pool.map(go, range(8))}) == 1
    assert Hold.objects.count() == 1
    assert list(audit_books()) == []


def test_without_credits_nothing_is_stored_and_nothing_held(
    submit: Submit, team: Team, bob: User, member: Member
) -> None:
    big = {"model": "ltx-2-5-pro", "resolution": "3840x2160", "duration": 10, "fps": 50}
    submit(**big)
    submit(**big)
    with pytest.raises(OutOfCreditsError) as caught:
        submit(**big)
    assert caught.value.shortage.required == 390
    assert (Generation.objects.count(), Hold.objects.count()) == (2, 2)
    assert balance_of(member(bob, team)).held == 780


def test_a_wish_outside_the_matrix_is_refused_with_every_reason(submit: Submit) -> None:
    with pytest.raises(InvalidWishError) as caught:
        submit(duration=7, prompt="x" * 5001)
    assert {violation.field for violation in caught.value.violations} == {"duration", "prompt"}
    assert not Generation.objects.exists()


def test_an_empty_prompt_is_refused(submit: Submit) -> None:
    with pytest.raises(InvalidWishError, match="say what should move"):
        submit(prompt="  ")


def test_a_model_that_is_switched_off_is_refused(submit: Submit) -> None:
    OfferedModel.objects.filter(model="ltx-2-3-fast").update(is_on=False)
    with pytest.raises(InvalidWishError, match="model: must be one of ltx-2-5-fast, ltx-2-5-pro, ltx-2-3-pro"):
        submit()


def test_a_retired_model_is_off_until_an_admin_switches_it_on(submit: Submit) -> None:
    settings = {"model": "ltx-2-fast", "resolution": "1920x1080", "fps": 25}
    with pytest.raises(InvalidWishError):
        submit(**settings)
    OfferedModel.objects.filter(model="ltx-2-fast").update(is_on=True)
    assert submit(**settings).price == 24


def test_another_teams_still_is_refused(submit: Submit, other_team: Team, wish: Wish) -> None:
    foreign = Asset.objects.create(
        team=other_team, kind="still", name="x", mime="image/png", sha256="0" * 64, bytes=1, width=1, height=1
    )
    with pytest.raises(InvalidWishError, match="last_frame_uri: this still belongs to another team"):
        submit(last_frame=foreign)


def test_a_reviewer_may_not_submit(submit: Submit, rita: User) -> None:
    with pytest.raises(ForbiddenError):
        submit(by=rita)


def test_it_takes_few_queries(
    wish: Wish, funded: Team, bob: User, member: Member, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    membership = member(bob, funded)
    with django_assert_max_num_queries(13):
        submit_generation(membership=membership, wish=wish, idempotency_key="counted")
