"""Insert finished takes in bulk, for load tests, with every row that a real job leaves, so that the books balance."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from generations.accounts.models import Team, User
from generations.accounts.roles import RIGHTS, Right
from generations.common.ids import uuid7
from generations.contract.support import SUPPORT, size_of
from generations.credits.grants import grant_credits
from generations.credits.models import EntryKind, Hold, HoldState, LedgerEntry, Wallet
from generations.credits.prices import Price, current_price_list
from generations.credits.wallets import wallet_of
from generations.jobs.models import Attempt, Bill, Generation, Outcome, State
from generations.library.models import Shot, Take
from generations.library.takes import create_shot, find_shot

from .clips import Clip, store_clips

BATCH = 2_000
SPREAD = timedelta(days=365)
PROVIDER = "seed:"
_RENDERING = timedelta(seconds=70)

_SUBJECTS = ("A lighthouse", "A red tram", "Two dancers", "An old orchard", "A paper boat", "The harbour", "A fox")
_LIGHTS = ("at dusk", "in the first snow", "under neon", "in warm rain", "at noon", "by candlelight", "in thick fog")
_MOVES = ("the camera drifts left", "slowly coming closer", "seen from above", "turning in the wind", "standing still")


@dataclass
class Plan:
    """The values of one take before it is inserted."""

    id: UUID
    author: User
    clip: Clip
    prompt: str
    model: str
    resolution: str
    fps: int
    duration: int
    camera_motion: str
    price: Price
    created_at: datetime
    number: int = 0

    @property
    def finished_at(self) -> datetime:
        return self.created_at + _RENDERING


def seed_takes(team: Team, count: int) -> None:
    """Add takes of the past year, the oldest first. Each batch is one transaction."""
    plans = _plans(team, count)
    while batch := list(islice(plans, BATCH)):
        _store_batch(team, batch)


@transaction.atomic
def _store_batch(team: Team, plans: list[Plan]) -> None:
    """Grant the price of the takes, then hold and charge it for each take."""
    total = sum(plan.price.credits for plan in plans)
    grant_credits(team=team, amount=total, reason=f"synthetic takes: {len(plans):,}")
    wallet = Wallet.objects.select_for_update().get(pk=wallet_of(team).pk)
    holds = Hold.objects.bulk_create([_hold(wallet, plan) for plan in plans])
    pairs = list(zip(plans, holds, strict=True))
    LedgerEntry.objects.bulk_create([entry for plan, hold in pairs for entry in _entries(wallet, plan, hold)])
    wallet.save(update_fields=["posted"])
    shots = _shots(team, plans)
    Take.objects.bulk_create([_take(team, plan, shots) for plan in plans])
    Generation.objects.bulk_create([_generation(team, plan, shots, hold) for plan, hold in pairs])
    Attempt.objects.bulk_create([_attempt(plan) for plan in plans])


def _plans(team: Team, count: int) -> Iterator[Plan]:
    rng = random.Random(count)  # noqa: S311
    authors, prices, clips = _authors(team), current_price_list(), store_clips(team)
    clips_by_shape = {is_portrait: [c for c in clips if c.is_portrait == is_portrait] for is_portrait in (False, True)}
    start = timezone.now() - SPREAD
    for index in range(count):
        model = SUPPORT.models[rng.choice(SUPPORT.current_models)]
        row = rng.choice(model.matrix)
        resolution, duration = rng.choice(row.resolutions), rng.choice(row.seconds)
        yield Plan(
            id=uuid7(),
            author=rng.choice(authors),
            clip=rng.choice(clips_by_shape[_is_portrait(resolution)]),
            prompt=f"{rng.choice(_SUBJECTS)} {rng.choice(_LIGHTS)}, {rng.choice(_MOVES)}. Take {index + 1}.",
            model=model.id,
            resolution=resolution,
            fps=rng.choice(row.fps),
            duration=duration,
            camera_motion=rng.choice(("", *SUPPORT.camera_motions)),
            price=prices.price(model=model.id, resolution=resolution, duration=duration),
            created_at=start + SPREAD * index / count,
        )


def _authors(team: Team) -> list[User]:
    roles = [role for role, rights in RIGHTS.items() if Right.GENERATE in rights]
    return [membership.user for membership in team.memberships.filter(role__in=roles).select_related("user")]


def _is_portrait(resolution: str) -> bool:
    width, height = size_of(resolution)
    return height > width


def _hold(wallet: Wallet, plan: Plan) -> Hold:
    return Hold(
        wallet=wallet,
        user=plan.author,
        reference=plan.id,
        amount=plan.price.credits,
        captured=plan.price.credits,
        state=HoldState.CAPTURED,
        created_at=plan.created_at,
        settled_at=plan.finished_at,
    )


def _entries(wallet: Wallet, plan: Plan, hold: Hold) -> Iterator[LedgerEntry]:
    """Yield the ledger entries of the hold and its capture. Subtracts the price from `wallet.posted`."""
    yield LedgerEntry(
        wallet=wallet,
        kind=EntryKind.HOLD,
        held_change=hold.amount,
        posted_after=wallet.posted,
        held_after=wallet.held + hold.amount,
        hold=hold,
        actor=plan.author,
        created_at=plan.created_at,
    )
    wallet.posted -= hold.amount
    yield LedgerEntry(
        wallet=wallet,
        kind=EntryKind.CAPTURE,
        posted_change=-hold.amount,
        held_change=-hold.amount,
        posted_after=wallet.posted,
        held_after=wallet.held,
        hold=hold,
        created_at=plan.finished_at,
    )


def _shots(team: Team, plans: list[Plan]) -> dict[UUID, Shot]:
    """Return the shot of each first frame, and number the takes of these plans within it."""
    images = {plan.clip.image.pk: plan.clip.image for plan in plans}
    shots = {
        pk: find_shot(team.pk, None, image).first() or create_shot(team.pk, None, image) for pk, image in images.items()
    }
    for plan in plans:
        shot = shots[plan.clip.image.pk]
        shot.last_take_number += 1
        plan.number = shot.last_take_number
    Shot.objects.bulk_update(shots.values(), ["last_take_number"])
    return shots


def _take(team: Team, plan: Plan, shots: dict[UUID, Shot]) -> Take:
    return Take(
        id=plan.id,
        team=team,
        shot=shots[plan.clip.image.pk],
        number=plan.number,
        author=plan.author,
        prompt=plan.prompt,
        model=plan.model,
        resolution=plan.resolution,
        seconds=plan.duration,
        fps=plan.fps,
        camera_motion=plan.camera_motion,
        has_audio=False,
        price=plan.price.credits,
        is_preview=True,
        video=plan.clip.video,
        poster=plan.clip.poster,
        created_at=plan.created_at,
        finished_at=plan.finished_at,
    )


def _generation(team: Team, plan: Plan, shots: dict[UUID, Shot], hold: Hold) -> Generation:
    return Generation(
        id=plan.id,
        team=team,
        author=plan.author,
        idempotency_key=f"seed-{plan.id}",
        shot=shots[plan.clip.image.pk],
        first_frame=plan.clip.image,
        prompt=plan.prompt,
        model=plan.model,
        duration=plan.duration,
        resolution=plan.resolution,
        fps=plan.fps,
        camera_motion=plan.camera_motion,
        generate_audio=False,
        price=plan.price.credits,
        credits_per_second=plan.price.credits_per_second,
        hold=hold,
        is_preview=True,
        state=State.COMPLETED,
        next_action_at=None,
        take_id=plan.id,
        created_at=plan.created_at,
        state_since=plan.finished_at,
        finished_at=plan.finished_at,
    )


def _attempt(plan: Plan) -> Attempt:
    return Attempt(
        generation_id=plan.id,
        number=1,
        provider=PROVIDER,
        outcome=Outcome.ACCEPTED,
        bill=Bill.DUE,
        request={},
        provider_job_id=f"seed-{plan.id}",
        status=202,
        started_at=plan.created_at,
        responded_at=plan.created_at,
    )
