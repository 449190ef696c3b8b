"""Ask the provider again about a job that we gave up. What it finished all the same is delivered and not charged."""

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from generations.accounts.models import User
from generations.common.errors import DailiesError
from generations.events.record import record_audit, record_event
from generations.upstream.answers import Completed

from .hints import hint_save
from .leases import announce_state
from .models import Attempt, Generation, Outcome
from .provider import provider
from .states import State


class NothingToAskError(DailiesError):
    """The provider was never known to have the job."""


def ask_again(*, generation: Generation, actor: User | None) -> bool:
    """Poll a failed generation's job once, outside of any transaction. True when its video is now being saved.

    Two who ask at once start one saving. Raises NothingToAskError.
    """
    attempt = Attempt.objects.filter(generation=generation, outcome=Outcome.ACCEPTED).first()
    if attempt is None or generation.state != State.FAILED:
        raise NothingToAskError("The provider never confirmed this job, so there is nothing to ask for.")
    answer = provider().poll(attempt.provider_job_id)
    return isinstance(answer, Completed) and _revive(generation, actor)


@transaction.atomic
def _revive(generation: Generation, actor: User | None) -> bool:
    revived = Generation.objects.filter(pk=generation.pk, state=State.FAILED).update(
        state=State.SAVING,
        state_since=Now(),
        next_action_at=Now(),
        lease_until=None,
        finished_at=None,
        is_late=True,
        losses=0,
        failures=0,
        fence=F("fence") + 1,
    )
    if not revived:
        return False
    record = record_audit if actor else record_event
    record(
        "generation.revived",
        team_id=generation.team_id,
        actor_id=actor.pk if actor else None,
        subject_id=generation.pk,
    )
    announce_state(generation.pk)
    hint_save(generation.pk, Generation.objects.values_list("fence", flat=True).get(pk=generation.pk))
    return True
