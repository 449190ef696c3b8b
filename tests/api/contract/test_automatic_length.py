"""`duration: null`: the longest is held, the seconds that came are charged, a begun one as a whole."""

import pytest

from generations.credits.models import Hold
from generations.events.models import Event
from generations.jobs.models import Generation, State
from generations.jobs.transitions import acquire_lease, complete_generation
from generations.media.models import AssetKind
from tests.api.contract.bodies import body_with
from tests.api.contract.conftest import Program
from tests.library.factories import make_asset

RATE, LONGEST = 9, 20


@pytest.mark.parametrize(("frames", "seconds"), [(144, 6), (145, 7), (480, 20), (600, 20), (1, 1)])
def test_what_came_is_charged(program: Program, frames: int, seconds: int) -> None:
    job = Generation.objects.get(pk=program.submit(body_with(model="ltx-2-5-fast", duration=None)).json()["id"])
    for state in (State.SUBMITTING, State.PROCESSING, State.SAVING):
        Generation.objects.filter(pk=job.pk).update(state=state)
    job.refresh_from_db()
    video = make_asset(job.team, AssetKind.VIDEO)
    video.frames = frames
    video.save(update_fields=["frames"])
    lease = acquire_lease(job.pk, job.fence, State.SAVING)
    assert lease is not None
    complete_generation(job, lease, video=video, poster=make_asset(job.team, AssetKind.POSTER))
    hold = Hold.objects.get(pk=job.hold_id)
    assert (hold.amount, hold.captured) == (RATE * LONGEST, RATE * seconds)
    assert Event.objects.get(kind="generation.completed").data["charged"] == RATE * seconds
    job.team.wallet.refresh_from_db()
    assert (job.team.wallet.posted, job.team.wallet.held) == (1000 - RATE * seconds, 0)
