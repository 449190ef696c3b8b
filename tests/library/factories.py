"""Generations in any state and takes, with their shots, holds and ledger entries, but without files in the storage."""

import secrets
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone

from generations.accounts.models import Membership, Team, User
from generations.common.ids import uuid7
from generations.credits.holds import capture_hold, release_hold
from generations.credits.prices import quote
from generations.jobs.models import FINAL, Generation, State
from generations.library.models import Take
from generations.library.takes import NewTake, create_shot, create_take, find_shot
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
    """Insert a generation in this state, with its take if it is completed; it was submitted `age` ago."""
    membership = Membership.objects.select_related("team").get(team=team, user=author)
    request: dict[str, Any] = {"model": "ltx-2-3-fast", "resolution": "1920x1080", "duration": 6, "fps": 24, **changes}
    media = {kind: request.pop(kind, None) for kind in ("video", "poster")}
    price = quote(model=request["model"], resolution=request["resolution"], duration=request["duration"])
    generation_id = uuid7()
    hold_id = hold_credits(membership, price.credits, reference=generation_id)
    if state == State.COMPLETED:
        capture_hold(hold_id=hold_id, amount=price.credits)
    elif state in FINAL:
        release_hold(hold_id=hold_id, reason=state)
    values = {
        "prompt": "The lantern sways.",
        "first_frame": make_asset(team),
        "idempotency_key": str(generation_id),
        "price": price.credits,
        "credits_per_second": price.credits_per_second,
        "created_at": timezone.now() - age,
        "finished_at": timezone.now() if state in FINAL else None,
        **request,
    }
    place = (team.pk, values.get("project"), values["first_frame"])
    values["shot"] = find_shot(*place).first() or create_shot(*place)
    if state == State.COMPLETED:
        values["take"] = _make_take(generation_id, author, values, media)
    made = Generation.objects.create(id=generation_id, team=team, author=author, hold_id=hold_id, state=state, **values)
    made.refresh_from_db()
    return made


def make_take(team: Team, author: User, **changes: Any) -> Take:
    """Insert a completed generation and return its take."""
    take = make_generation(team, author, **changes).take
    assert take is not None
    return take


def _make_take(generation_id: UUID, author: User, values: dict[str, Any], media: dict[str, Asset | None]) -> Take:
    team = values["shot"].team
    copied = ("prompt", "model", "resolution", "fps", "price", "created_at")
    optional = ("last_frame", "api_key", "is_preview", "is_late")
    new = NewTake(
        id=generation_id,
        author=author,
        video=media["video"] or make_asset(team, AssetKind.VIDEO),
        poster=media["poster"] or make_asset(team, AssetKind.POSTER),
        camera_motion=values.get("camera_motion", ""),
        **{name: values[name] for name in copied},
        **{name: values[name] for name in optional if name in values},
    )
    return create_take(values["shot"].pk, new)
