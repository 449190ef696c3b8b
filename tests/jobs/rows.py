"""Shared by the tests of jobs: the types of their fixtures, and functions that reload a row."""

from collections.abc import Callable

from generations.accounts.models import Membership, Team, User
from generations.jobs.models import Generation

Submit = Callable[..., Generation]
Member = Callable[[User, Team], Membership]


def reloaded(generation: Generation) -> Generation:
    return Generation.objects.with_media().select_related("hold", "team").get(pk=generation.pk)


def state_of(generation: Generation) -> tuple[str, str]:
    """Return the state of the job and of its hold."""
    row = reloaded(generation)
    return row.state, row.hold.state
