"""What comes when a team's grace is over: everything that is its own goes, bytes first, then rows.

Which rows these are is read from the models: those that point to the team, and those that must point to one of them.
So a room that is added later needs no word here. This is the one place where rows are deleted that may otherwise only
be added; an act of the site remains that says which team went.
"""

from collections.abc import Iterator

import pgtrigger
import structlog
from django.apps import apps
from django.db import models, transaction
from django.db.models.functions import Now

from generations.accounts.models import Membership, Team
from generations.accounts.roles import Role
from generations.events.live import doubt_listeners
from generations.events.record import record_audit
from generations.media.models import Asset
from generations.media.storage_errors import StorageError
from generations.media.storages import media_storage

from .leavers import cancel_waiting
from .models import Generation

_KEPT_FOR_EVER = (
    "generations.Event:append_only",
    "generations.LedgerEntry:append_only",
    "generations.Hold:hold_stays",
    "generations.Generation:generation_stays",
)

log = structlog.get_logger(__name__)


def purge_ended_teams() -> int:
    """Remove every team whose grace is over and that has nothing at the provider. Return how many went."""
    due = Team.objects.filter(ends_at__lte=Now()).order_by("ends_at")
    return sum(_purge(team) for team in due)


def rows_of_a_team() -> list[tuple[type[models.Model], list[str]]]:
    """The models whose rows are a team's own, each with the ways from it to the team; the farthest first."""
    found: list[tuple[type[models.Model], list[str]]] = []
    ways: dict[type[models.Model], list[str]] = {Team: [""]}
    left = [model for model in apps.get_app_config("generations").get_models() if model is not Team]
    while nearer := {model: paths for model in left if (paths := list(_ways_from(model, ways)))}:
        found = [*nearer.items(), *found]
        ways |= nearer
        left = [model for model in left if model not in nearer]
    return found


def _ways_from(model: type[models.Model], ways: dict[type[models.Model], list[str]]) -> Iterator[str]:
    """A row that may do without its team still goes with the team that it names; other links must be firm."""
    for field in model._meta.concrete_fields:
        target = field.related_model
        if isinstance(target, type) and target in ways and (target is Team or not field.null):
            yield from (f"{field.name}__{way}".removesuffix("__") for way in ways[target])


def _purge(team: Team) -> bool:
    """Nothing is lost by an interruption: the team stays due, and the next run begins anew."""
    _cancel_everything_waiting(team)
    if Generation.objects.of_team(team).in_flight().exists():
        log.info("team_not_purged_yet", team_id=team.pk, reason="jobs under way")
        return False
    try:
        _delete_bytes(team)
    except StorageError:
        log.warning("team_not_purged_yet", team_id=team.pk, reason="storage away")
        return False
    return _delete_rows(team)


def _cancel_everything_waiting(team: Team) -> None:
    owner = Membership.objects.active().select_related("team", "user").filter(team=team, role=Role.OWNER).first()
    authors = Generation.objects.of_team(team).in_flight().values("author")
    for membership in Membership.objects.select_related("team", "user").filter(team=team, user__in=authors):
        cancel_waiting(membership=membership, by=owner or membership)


def _delete_bytes(team: Team) -> None:
    storage = media_storage()
    shared = Asset.objects.exclude(team=team).filter(name=models.OuterRef("name"))
    own = Asset.objects.filter(team=team).exclude(models.Exists(shared))
    for name in own.values_list("name", flat=True).iterator():
        storage.delete(name)


@transaction.atomic
def _delete_rows(team: Team) -> bool:
    if not Team.objects.select_for_update().filter(pk=team.pk, ends_at__lte=Now()).exists():
        return False
    with pgtrigger.ignore(*_KEPT_FOR_EVER):
        for model, ways in rows_of_a_team():
            for way in ways:
                model._base_manager.filter(**{way: team.pk})._raw_delete("default")
        Team.objects.filter(pk=team.pk)._raw_delete("default")
    doubt_listeners(team.pk)
    record_audit("team.purged", team_id=None, actor_id=None, name=team.name, slug=team.slug)
    return True
