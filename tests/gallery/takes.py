"""Generations in any state for the tests of pages, with their holds and entries, but without bytes in the storage."""

import secrets
from datetime import timedelta
from typing import Any

from django.utils import timezone

from generations.accounts.models import Membership, Team, User
from generations.common.ids import uuid7
from generations.credits.holds import capture_hold, release_hold
from generations.credits.prices import quote
from generations.jobs.models import FINAL, Generation, State
from generations.media.models import Asset, AssetKind
from tests.credits.holds import hold_credits

PLACEHOLDER = "data:image/webp;base64,UklGRg=="


def make_asset(team: Team, kind: AssetKind = AssetKind.IMAGE, *, size: tuple[int, int] = (1920, 1080)) -> Asset:
    is_video = kind == AssetKind.VIDEO
    digest = secrets.token_hex(32)
    return Asset.objects.create(
        team=team,
        kind=kind,
        name=f"{team.pk}/{digest}",
        original_name="harbour.jpg" if kind == AssetKind.IMAGE else "",
        mime="video/mp4" if is_video else "image/jpeg",
        sha256=digest,
        bytes=1234,
        width=size[0],
        height=size[1],
        frames=144 if is_video else None,
        fps_numerator=24 if is_video else None,
        fps_denominator=1 if is_video else None,
        placeholder="" if is_video else PLACEHOLDER,
    )


def make_generation(
    team: Team, author: User, state: State = State.COMPLETED, *, age: timedelta = timedelta(0), **changes: Any
) -> Generation:
    """Insert a generation as it would stand in this state; `age` says how long ago it was submitted."""
    membership = Membership.objects.select_related("team").get(team=team, user=author)
    wish: dict[str, Any] = {"model": "ltx-2-3-fast", "resolution": "1920x1080", "duration": 6, "fps": 24, **changes}
    price = quote(model=wish["model"], resolution=wish["resolution"], duration=wish["duration"])
    generation_id = uuid7()
    hold_id = hold_credits(membership, price.credits, reference=generation_id)
    if state == State.COMPLETED:
        capture_hold(hold_id=hold_id, amount=price.credits)
        wish |= {"video": make_asset(team, AssetKind.VIDEO), "poster": make_asset(team, AssetKind.POSTER)}
    elif state in FINAL:
        release_hold(hold_id=hold_id, reason=state)
    values = {
        "prompt": "The lantern sways.",
        "first_frame": make_asset(team),
        "idempotency_key": str(generation_id),
        "price": price.credits,
        "credits_per_second": price.credits_per_second,
        "finished_at": timezone.now() if state in FINAL else None,
        **wish,
    }
    made = Generation.objects.create(id=generation_id, team=team, author=author, hold_id=hold_id, state=state, **values)
    Generation.objects.filter(pk=made.pk).update(created_at=timezone.now() - age)
    made.refresh_from_db()
    return made
