from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from generations.accounts.api_keys import create_key
from generations.accounts.models import ApiKey, Membership, Team, User
from generations.accounts.roles import Role, Scope
from generations.accounts.team_deletion import TeamDeletionScheduledError
from generations.common.clock import database_time
from generations.common.errors import ForbiddenError
from generations.credits.balances import balance_of
from generations.credits.errors import FrozenError, NotAllowedError, OutOfCreditsError, TooManyJobsError
from generations.credits.models import Freeze, Hold, OfferedModel, PriceRow, Quota, QuotaRaise
from generations.events.models import Event
from generations.jobs.models import Generation, State
from generations.jobs.reconciliation import audit_books
from generations.jobs.submit import GenerationRequest, InvalidRequestError, submit_generation
from generations.library.models import Project
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


def test_a_request_outside_the_matrix_is_refused_with_every_reason(submit: Submit) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        submit(duration=7, prompt="x" * 5001)
    assert {violation.field for violation in caught.value.violations} == {"duration", "prompt"}
    assert not Generation.objects.exists()


def test_an_empty_prompt_is_refused(submit: Submit) -> None:
    with pytest.raises(InvalidRequestError, match="prompt: must not be empty"):
        submit(prompt="  ")


def test_a_model_that_is_switched_off_is_refused(submit: Submit) -> None:
    OfferedModel.objects.filter(model="ltx-2-3-fast").update(is_on=False)
    with pytest.raises(InvalidRequestError, match="model: must be one of ltx-2-5-fast, ltx-2-5-pro, ltx-2-3-pro"):
        submit()


def test_a_retired_model_is_off_until_an_admin_switches_it_on(submit: Submit) -> None:
    settings = {"model": "ltx-2-fast", "resolution": "1920x1080", "fps": 25}
    with pytest.raises(InvalidRequestError):
        submit(**settings)
    OfferedModel.objects.filter(model="ltx-2-fast").update(is_on=True)
    assert submit(**settings).price == 24


def test_an_image_of_another_team_is_refused(
    submit: Submit, other_team: Team, generation_request: GenerationRequest
) -> None:
    foreign = Asset.objects.create(
        team=other_team, kind="still", name="x", mime="image/png", sha256="0" * 64, bytes=1, width=1, height=1
    )
    with pytest.raises(InvalidRequestError, match="last_frame_uri: this image belongs to another team"):
        submit(last_frame=foreign)


def test_a_reviewer_may_not_submit(submit: Submit, rita: User) -> None:
    with pytest.raises(ForbiddenError):
        submit(by=rita)


@pytest.mark.django_db(transaction=True)
def test_it_takes_at_most_ten_queries_in_one_transaction(
    generation_request: GenerationRequest, funded: Team, bob: User, member: Member
) -> None:
    membership = member(bob, funded)
    key = create_key(membership=membership, name="counted", scopes=[Scope.GENERATE]).key
    Quota.objects.create(team=funded, cap=500, max_jobs=5, max_seconds=10, max_tier="1080p")
    Quota.objects.create(team=funded, api_key=key, cap=500, max_jobs=5)
    with CaptureQueriesContext(connection) as captured:
        submit_generation(membership=membership, request=generation_request, idempotency_key="counted", api_key=key)
    queries = [query["sql"] for query in captured]
    assert (queries[0], queries[-1]) == ("BEGIN", "COMMIT")
    assert len(queries[1:-1]) == 10


def test_a_changed_quota_applies_to_the_next_submit(submit: Submit, funded: Team, bob: User, member: Member) -> None:
    quota = Quota.objects.create(team=funded, cap=36, allowed_models=["ltx-2-3-fast"])
    assert submit()
    with pytest.raises(NotAllowedError, match=r"Choose ltx-2-3-fast\."):
        submit(model="ltx-2-5-fast")
    assert submit()
    with pytest.raises(OutOfCreditsError) as refused:
        submit()
    assert (refused.value.shortage.limit, refused.value.shortage.held) == ("member", 36)
    raised = QuotaRaise.objects.create(membership=member(bob, funded), amount=18, reason="the trailer")
    assert submit()
    raised.delete()
    with pytest.raises(OutOfCreditsError):
        submit()
    Quota.objects.filter(pk=quota.pk).update(cap=90, max_jobs=4)
    assert submit()
    with pytest.raises(TooManyJobsError):
        submit()
    Quota.objects.filter(pk=quota.pk).update(max_jobs=None, allowed_models=["ltx-2-5-fast"])
    with pytest.raises(NotAllowedError, match=r"Choose ltx-2-5-fast\."):
        submit()
    quota.delete()
    assert submit()


def test_a_job_knows_its_project(submit: Submit, funded: Team, other_team: Team) -> None:
    project = Project.objects.create(team=funded, name="Titles")
    assert Generation.objects.get(pk=submit(project=project).pk).project == project
    with pytest.raises(InvalidRequestError, match="project: this project belongs to another team"):
        submit(project=Project.objects.create(team=other_team, name="Theirs"))


def test_a_member_deactivated_after_authentication_submits_nothing(
    generation_request: GenerationRequest, funded: Team, bob: User, member: Member
) -> None:
    authenticated = member(bob, funded)
    Membership.objects.filter(pk=authenticated.pk).update(deactivated_at=database_time())
    with pytest.raises(ForbiddenError, match="no longer active"):
        submit_generation(membership=authenticated, request=generation_request, idempotency_key="late")
    assert not Hold.objects.exists()


def test_a_team_deletion_announced_after_authentication_is_refused(
    generation_request: GenerationRequest, funded: Team, bob: User, member: Member
) -> None:
    authenticated = member(bob, funded)
    Team.objects.filter(pk=funded.pk).update(ends_at=database_time(timedelta(days=7)))
    with pytest.raises(TeamDeletionScheduledError):
        submit_generation(membership=authenticated, request=generation_request, idempotency_key="late")
    assert not Hold.objects.exists()


def test_a_service_key_works_after_its_creator_leaves_but_not_after_its_revocation(
    generation_request: GenerationRequest, funded: Team, alice: User, member: Member
) -> None:
    creator = member(alice, funded)
    key = create_key(membership=creator, name="nightly", scopes=[Scope.GENERATE], is_service=True).key
    Membership.objects.filter(pk=creator.pk).update(deactivated_at=database_time())
    submit_generation(membership=creator, request=generation_request, idempotency_key="one", api_key=key)
    assert Generation.objects.get().api_key == key
    ApiKey.objects.filter(pk=key.pk).update(revoked_at=database_time())
    with pytest.raises(ForbiddenError, match="no longer active"):
        submit_generation(membership=creator, request=generation_request, idempotency_key="two", api_key=key)
    assert Hold.objects.count() == 1


def test_an_automatic_duration_holds_the_longest(submit: Submit) -> None:
    generation = submit(model="ltx-2-5-fast", duration=None)
    assert (generation.duration, generation.price) == (None, 20 * generation.credits_per_second)


def test_a_frozen_team_submits_nothing_new(submit: Submit, funded: Team) -> None:
    before = submit(key="before")
    freeze = Freeze.objects.create(team=funded, reason="The invoice is overdue.")
    with pytest.raises(FrozenError, match="The invoice is overdue"):
        submit()
    assert submit(key="before") == before
    Freeze.objects.filter(pk=freeze.pk).update(ended_at=database_time())
    assert submit()


def test_a_freeze_of_all_teams_applies_to_each(submit: Submit, other_team: Team) -> None:
    Freeze.objects.create(team=other_team, reason="Only theirs.")
    assert submit()
    Freeze.objects.create(reason="The provider is away.")
    with pytest.raises(FrozenError):
        submit()


def test_a_quota_without_the_model_refuses_it(submit: Submit, funded: Team) -> None:
    Quota.objects.create(team=funded, allowed_models=["ltx-2-5-pro"])
    with pytest.raises(NotAllowedError, match="does not allow ltx-2-3-fast"):
        submit()
    assert not Hold.objects.exists()


def test_an_automatic_duration_must_fit_the_quota(submit: Submit, funded: Team) -> None:
    Quota.objects.create(team=funded, max_seconds=10)
    assert submit(model="ltx-2-5-fast", duration=10)
    with pytest.raises(NotAllowedError, match="allows up to 10 seconds per video"):
        submit(model="ltx-2-5-fast", duration=None)


def test_a_service_key_submits_whatever_its_creators_quota(
    generation_request: GenerationRequest, funded: Team, alice: User, member: Member
) -> None:
    creator = member(alice, funded)
    key = create_key(membership=creator, name="nightly", scopes=[Scope.GENERATE], is_service=True).key
    Quota.objects.create(team=funded, cap=0, max_jobs=0, max_seconds=1)
    submit_generation(membership=creator, request=generation_request, idempotency_key="by key", api_key=key)
    generation = Generation.objects.get()
    assert (generation.api_key, generation.author, generation.hold.user) == (key, alice, None)


@pytest.mark.django_db(transaction=True)
def test_the_same_key_at_the_same_moment_with_credits_for_one_gives_one_job(submit: Submit, funded: Team) -> None:
    Quota.objects.create(team=funded, cap=18, max_jobs=1)

    def go(_: int) -> Generation:
        try:
            return submit(key="double click")
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        assert len({generation.pk for generation in pool.map(go, range(8))}) == 1
    assert Hold.objects.count() == 1


def test_a_member_whose_role_changed_after_authentication_submits_nothing(
    generation_request: GenerationRequest, funded: Team, bob: User, member: Member
) -> None:
    authenticated = member(bob, funded)
    Membership.objects.filter(pk=authenticated.pk).update(role=Role.REVIEWER)
    with pytest.raises(ForbiddenError, match="Reviewer"):
        submit_generation(membership=authenticated, request=generation_request, idempotency_key="late")
    assert not Hold.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_parallel_submits_never_exceed_a_cap_or_the_jobs_at_once(submit: Submit, funded: Team) -> None:
    def together() -> list[str]:
        def one(_: int) -> str:
            try:
                return submit().state
            except (OutOfCreditsError, TooManyJobsError) as error:
                return type(error).__name__
            finally:
                connection.close()

        with ThreadPoolExecutor(16) as pool:
            return list(pool.map(one, range(40)))

    quota = Quota.objects.create(team=funded, max_jobs=3)
    answers = together()
    assert (answers.count(State.QUEUED), answers.count("TooManyJobsError")) == (3, 37)
    Quota.objects.filter(pk=quota.pk).update(max_jobs=None, cap=18 * 5 + 17)
    answers = together()
    assert (answers.count(State.QUEUED), answers.count("OutOfCreditsError")) == (2, 38)
    assert Event.objects.filter(kind="generation.submitted").count() == Generation.objects.count() == 5
    assert list(audit_books()) == []
