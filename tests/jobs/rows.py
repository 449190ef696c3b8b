"""What the tests of jobs have in common: the kinds of their fixtures, and a fresh look at a row."""

from collections.abc import Callable

from generations.accounts.models import Membership, Team, User
from generations.jobs.models import Generation

Submit = Callable[..., Generation]
Member = Callable[[User, Team], Membership]


def reloaded(generation: Generation) -> Generation:
    return Generation.objects.with_media().select_related("hold", "team").get(pk=generation.pk)


def state_of(generation: Generation) -> tuple[str, str]:
    """The job's state and its hold's."""
    row = reloaded(generation)
    return row.state, row.hold.state
