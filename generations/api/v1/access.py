"""What a key may see of its team. Whatever it may not see is not there."""

from uuid import UUID

from django.db.models import Q

from generations.accounts.callers import Caller
from generations.accounts.roles import Right
from generations.common.errors import NotFoundError
from generations.jobs.models import Generation, GenerationQuerySet, State


def visible_generations(caller: Caller) -> GenerationQuerySet:
    """All generations of the team that the key may see, with what lists and details show."""
    return _visible(caller).with_media().select_related("hold", "api_key")


def visible_generation(caller: Caller, generation_id: UUID) -> Generation | None:
    """The same for one row alone, without related rows: clients poll it."""
    return _visible(caller).filter(pk=generation_id).first()


def _visible(caller: Caller) -> GenerationQuerySet:
    """The team's with MANAGE_JOBS; else the finished takes with VIEW, and the caller's own.

    A person's own are those of the person, however submitted; a service key's own are those it submitted itself.
    """
    jobs = Generation.objects.of_team(caller.team)
    if caller.can(Right.MANAGE_JOBS):
        return jobs
    own = Q(api_key=caller.key) if caller.key.is_service else Q(author=caller.user)
    return jobs.filter(own | Q(video__isnull=False)) if caller.can(Right.VIEW) else jobs.filter(own)


def access_generation(caller: Caller, generation_id: UUID, *states: State) -> Generation:
    """The generation, if it is there for this key, and in one of the states if any are named."""
    found = visible_generations(caller).filter(pk=generation_id, state__in=states or State).first()
    if found is None:
        raise NotFoundError
    return found
