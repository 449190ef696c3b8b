"""Delete a team when its grace period is over: its stored files first, then its rows.

The rows are found from the models: those with a foreign key to the team, and those with a required foreign key to one
of them. So a model that is added later needs no change here. Only this module deletes rows that are append-only
elsewhere. An entry in the site's audit log keeps the name of the team.
"""

from collections.abc import Iterator

import pgtrigger
import structlog
from django.apps import apps
from django.db import models, transaction
from django.db.models.functions import Now

from generations.accounts.models import Membership, Team
from generations.accounts.roles import Role
from generations.events.kinds import EventKind
from generations.events.live import revalidate_subscribers
from generations.events.record import record_audit
from generations.media.models import Asset
from generations.media.storages import StorageError, media_storage

from .models import Generation
from .offboarding import cancel_waiting

_APPEND_ONLY_TRIGGERS = (
    "generations.Event:append_only",
    "generations.LedgerEntry:append_only",
    "generations.Hold:hold_stays",
    "generations.Generation:generation_stays",
)

log = structlog.get_logger(__name__)


def purge_deleted_teams() -> int:
    """Delete every team whose grace period is over and that has no job at the provider. Return how many."""
    due = Team.objects.filter(ends_at__lte=Now()).order_by("ends_at")
    return sum(_purge(team) for team in due)


def rows_of_a_team() -> list[tuple[type[models.Model], list[str]]]:
    """Return the models whose rows belong to a team, each with its lookup paths to the team; the farthest first."""
    found: list[tuple[type[models.Model], list[str]]] = []
    paths_to_team: dict[type[models.Model], list[str]] = {Team: [""]}
    left = [model for model in apps.get_app_config("generations").get_models() if model is not Team]
    while nearer := {model: paths for model in left if (paths := list(_paths_from(model, paths_to_team)))}:
        found = [*nearer.items(), *found]
        paths_to_team |= nearer
        left = [model for model in left if model not in nearer]
    return found


def _paths_from(model: type[models.Model], paths_to_team: dict[type[models.Model], list[str]]) -> Iterator[str]:
    """Yield the lookup paths to the team. A nullable foreign key counts only if it points to the team itself."""
    for field in model._meta.concrete_fields:
        target = field.related_model
        if isinstance(target, type) and target in paths_to_team and (target is Team or not field.null):
            yield from (f"{field.name}__{path}".removesuffix("__") for path in paths_to_team[target])


def _purge(team: Team) -> bool:
    """Delete one team. After an interruption the team is still due and the next run continues."""
    _cancel_waiting_jobs(team)
    if Generation.objects.of_team(team).in_flight().exists():
        log.info("team_not_purged_yet", team_id=team.pk, reason="jobs under way")
        return False
    try:
        _delete_bytes(team)
    except StorageError:
        log.warning("team_not_purged_yet", team_id=team.pk, reason="storage away")
        return False
    return _delete_rows(team)


def _cancel_waiting_jobs(team: Team) -> None:
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
    with pgtrigger.ignore(*_APPEND_ONLY_TRIGGERS):
        for model, paths in rows_of_a_team():
            for path in paths:
                model._base_manager.filter(**{path: team.pk})._raw_delete("default")
        Team.objects.filter(pk=team.pk)._raw_delete("default")
    revalidate_subscribers(team.pk)
    record_audit(EventKind.TEAM_PURGED, team_id=None, actor_id=None, name=team.name, slug=team.slug)
    return True
