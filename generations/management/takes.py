"""Finished takes in bulk, for load: every row that a real one leaves behind, so that the books still close."""

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

from .clips import Clip, store_clips

BATCH = 2_000
SPREAD = timedelta(days=365)
PROVIDER = "seed:"
_RENDERING = timedelta(seconds=70)

_SUBJECTS = ("A lighthouse", "A red tram", "Two dancers", "An old orchard", "A paper boat", "The harbour", "A fox")
_LIGHTS = ("at dusk", "in the first snow", "under neon", "in warm rain", "at noon", "by candlelight", "in thick fog")
_MOVES = ("the camera drifts left", "slowly coming closer", "seen from above", "turning in the wind", "standing still")


@dataclass(frozen=True)
class Plan:
    """One take to be: who, what, when, for how much."""

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

    @property
    def finished_at(self) -> datetime:
        return self.created_at + _RENDERING


def seed_takes(team: Team, count: int) -> None:
    """Add finished takes of the past year, oldest first, each batch whole or not at all."""
    plans = _plans(team, count)
    while batch := list(islice(plans, BATCH)):
        _store_batch(team, batch)


@transaction.atomic
def _store_batch(team: Team, plans: list[Plan]) -> None:
    """Grant exactly what the takes cost, then hold and charge it take by take."""
    total = sum(plan.price.credits for plan in plans)
    grant_credits(team=team, amount=total, reason=f"synthetic takes: {len(plans):,}")
    wallet = Wallet.objects.select_for_update().get(pk=wallet_of(team).pk)
    holds = Hold.objects.bulk_create([_hold(wallet, plan) for plan in plans])
    pairs = list(zip(plans, holds, strict=True))
    LedgerEntry.objects.bulk_create([entry for plan, hold in pairs for entry in _entries(wallet, plan, hold)])
    wallet.save(update_fields=["posted"])
    Generation.objects.bulk_create([_take(team, plan, hold) for plan, hold in pairs])
    Attempt.objects.bulk_create([_attempt(plan) for plan in plans])


def _plans(team: Team, count: int) -> Iterator[Plan]:
    chance = random.Random(count)  # noqa: S311
    authors, prices, clips = _authors(team), current_price_list(), store_clips(team)
    shapes = {is_portrait: [c for c in clips if c.is_portrait == is_portrait] for is_portrait in (False, True)}
    begin = timezone.now() - SPREAD
    for index in range(count):
        model = SUPPORT.models[chance.choice(SUPPORT.current_models)]
        row = chance.choice(model.matrix)
        resolution, duration = chance.choice(row.resolutions), chance.choice(row.seconds)
        yield Plan(
            id=uuid7(),
            author=chance.choice(authors),
            clip=chance.choice(shapes[_is_portrait(resolution)]),
            prompt=f"{chance.choice(_SUBJECTS)} {chance.choice(_LIGHTS)}, {chance.choice(_MOVES)}. Take {index + 1}.",
            model=model.id,
            resolution=resolution,
            fps=chance.choice(row.fps),
            duration=duration,
            camera_motion=chance.choice(("", *SUPPORT.camera_motions)),
            price=prices.price(model=model.id, resolution=resolution, duration=duration),
            created_at=begin + SPREAD * index / count,
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
    """What the hold and its capture leave in the ledger. Takes the price out of the wallet given."""
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


def _take(team: Team, plan: Plan, hold: Hold) -> Generation:
    return Generation(
        id=plan.id,
        team=team,
        author=plan.author,
        idempotency_key=f"seed-{plan.id}",
        first_frame=plan.clip.still,
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
        video=plan.clip.video,
        poster=plan.clip.poster,
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
