"""What a key may see of its team. Whatever it may not see is not there."""

from functools import cache
from uuid import UUID

from django.db.models import Q

from generations.accounts.callers import Caller
from generations.accounts.keys import UNCHANGED
from generations.accounts.remembered import StaleCallerError, mark_parameters
from generations.accounts.roles import Right
from generations.common.errors import NotFoundError
from generations.common.statements import Columns, read_row
from generations.jobs.models import Generation, GenerationQuerySet, State


def visible_generations(caller: Caller) -> GenerationQuerySet:
    """The team's with MANAGE_JOBS; else the finished takes with VIEW, and the caller's own.

    A person's own are those of the person, however submitted; a service key's own are those it submitted itself.
    """
    jobs = Generation.objects.of_team(caller.team).with_media().select_related("hold", "api_key")
    if caller.can(Right.MANAGE_JOBS):
        return jobs
    own = Q(api_key=caller.key) if caller.key.is_service else Q(author=caller.user)
    return jobs.filter(own | Q(video__isnull=False)) if caller.can(Right.VIEW) else jobs.filter(own)


def visible_generation(caller: Caller, generation_id: UUID) -> Generation | None:
    """One of them alone, over a statement that is planned once: this is what clients ask for again and again.

    Raises StaleCallerError for a caller that was remembered wrongly.
    """
    given = {"id": generation_id, "team": caller.team.pk, **mark_parameters(caller.mark)}
    is_proved, *row = read_row(_by_id(), given)
    if not is_proved:
        raise StaleCallerError
    found = _columns().made(row) if row[0] else None
    return found if found and _can_see(caller, found) else None


def _can_see(caller: Caller, generation: Generation) -> bool:
    """The rule of `visible_generations` for a row at hand."""
    is_service = caller.key.is_service
    is_own = generation.api_key_id == caller.key.pk if is_service else generation.author_id == caller.user.pk
    is_take = generation.video_id is not None
    return is_own or (is_take and caller.can(Right.VIEW)) or caller.can(Right.MANAGE_JOBS)


@cache
def _columns() -> Columns[Generation]:
    return Columns(Generation, "g")


@cache
def _by_id() -> str:
    return f"""
        SELECT caller.is_proved, {_columns()}
        FROM (SELECT %(digest)s::text IS NULL OR {UNCHANGED} AS is_proved) caller
        LEFT JOIN generations_generation g ON g.id = %(id)s AND g.team_id = %(team)s
    """  # noqa: S608 - put together from our own constants


def access_generation(caller: Caller, generation_id: UUID, *states: State) -> Generation:
    """The generation, if it is there for this key, and in one of the states if any are named."""
    found = visible_generations(caller).filter(pk=generation_id, state__in=states or State).first()
    if found is None:
        raise NotFoundError
    return found
