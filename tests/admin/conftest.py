from collections.abc import Callable
from uuid import uuid4

import pytest
from django.contrib import admin
from django.db.models import Model
from django.db.models.functions import Now
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from generations.accounts.models import Team, User
from generations.accounts.roles import Role
from generations.accounts.teams import add_member
from generations.credits.grants import grant_credits
from generations.credits.holds import capture_hold
from generations.credits.models import Quota
from generations.jobs.models import Attempt, Generation, Outcome, State
from generations.library.takes import NewTake, create_shot, create_take
from generations.media.models import Asset, AssetKind
from tests.credits.holds import hold_credits

ROOMS = [model for model in admin.site._registry if model._meta.app_label == "generations"]


@pytest.fixture
def staff(db: None) -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("staff@example.com", "correct-horse-battery"))
    return client


@pytest.fixture
def fill(team: Team, price_list: None) -> Callable[[int], None]:
    """Add so many members with a quota, each with a finished take that was tried twice."""

    def go(count: int) -> None:
        grant_credits(team=team, amount=count * 10, reason="to fill the tables")
        for _ in range(count):
            _member_with_take(team)

    return go


def _member_with_take(team: Team) -> None:
    user = User.objects.create_user(f"{uuid4().hex[:12]}@example.com")
    membership = add_member(team=team, user=user, role=Role.CREATOR)
    Quota.objects.create(team=membership.team, membership=membership, cap=100)
    key = uuid4()
    hold = hold_credits(membership, 10, reference=key)
    capture_hold(hold_id=hold, amount=10)
    image, video, poster = (_asset(team, user, kind) for kind in AssetKind.values)
    shot = create_shot(team.pk, None, image)
    prompt = f"The lantern of {user.email} sways."
    settings = {"prompt": prompt, "model": "ltx-2-3-fast", "resolution": "1280x720", "fps": 24}
    new = NewTake(
        id=key,
        author=user,
        price=10,
        video=video,
        poster=poster,
        camera_motion="",
        created_at=timezone.now(),
        **settings,
    )
    take = create_take(shot.pk, new)
    generation = Generation.objects.create(
        id=key,
        team=team,
        author=user,
        idempotency_key=str(key),
        shot=shot,
        first_frame=image,
        duration=6,
        price=10,
        credits_per_second=2,
        hold_id=hold,
        state=State.COMPLETED,
        take=take,
        finished_at=Now(),
        **settings,
    )
    for number, outcome in enumerate((Outcome.REJECTED, Outcome.ACCEPTED), start=1):
        Attempt.objects.create(
            generation=generation,
            number=number,
            provider="https://provider.example.com",
            outcome=outcome,
            request={},
            provider_job_id=f"job-{key}",
        )


def _asset(team: Team, user: User, kind: str) -> Asset:
    return Asset.objects.create(
        team=team,
        uploader=user,
        kind=kind,
        name=f"{uuid4()}",
        mime="video/mp4" if kind == AssetKind.VIDEO else "image/webp",
        sha256=uuid4().hex * 2,
        bytes=1,
        width=1280,
        height=720,
        frames=144 if kind == AssetKind.VIDEO else None,
        fps_numerator=24 if kind == AssetKind.VIDEO else None,
        fps_denominator=1 if kind == AssetKind.VIDEO else None,
    )


def page(model: type[Model], name: str, *args: object) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{name}", args=args)
