"""What a key may see of its team. Whatever it may not see is not there."""

from uuid import UUID

from generations.accounts.api_keys import Caller
from generations.common.errors import NotFoundError
from generations.jobs.models import Generation, GenerationQuerySet, State


def visible_generations(caller: Caller) -> GenerationQuerySet:
    """Return the team's generations that the key may see, with what lists and details show."""
    return Generation.objects.visible_to(caller).with_media().select_related("hold", "api_key")


def visible_generation(caller: Caller, generation_id: UUID) -> Generation | None:
    """Return one of them with its take only: clients poll it."""
    return Generation.objects.visible_to(caller).select_related("take").filter(pk=generation_id).first()


def access_generation(caller: Caller, generation_id: UUID, *states: State) -> Generation:
    """The generation, if it is there for this key, and in one of the states if any are named."""
    found = visible_generations(caller).filter(pk=generation_id, state__in=states or State).first()
    if found is None:
        raise NotFoundError
    return found
