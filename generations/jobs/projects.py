"""Projects: what a team's generations are made for."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import IntegrityError, transaction
from django.db.models import Count, QuerySet
from django.db.models.functions import Now

from generations.accounts.access import require
from generations.accounts.models import Membership, Team
from generations.accounts.roles import Right
from generations.common.errors import DailiesError, NotFoundError
from generations.events.record import record_audit

from .models import Project

MOST = 500


class BadProjectError(DailiesError):
    """The name will not do, or there is one of this name."""


def open_projects(team: Team) -> QuerySet[Project]:
    """Those that new jobs may be made for, by name."""
    return Project.objects.filter(team=team, archived_at=None).order_by("name", "id")


def projects_with_jobs(team: Team) -> QuerySet[Project]:
    """Every project with its number of jobs; archived ones last."""
    counted = Project.objects.filter(team=team).annotate(jobs=Count("generations"))
    return counted.order_by("archived_at", "name", "id")


def access_project(membership: Membership, project_id: int) -> Project:
    """The one way to a project of the member's team."""
    project = Project.objects.filter(team=membership.team_id, pk=project_id).first()
    if project is None:
        raise NotFoundError
    return project


def project_named(membership: Membership, name: str) -> Project:
    """The open project of this name, made on first use by whoever may generate. Raises BadProjectError."""
    require(membership, Right.GENERATE)
    found = Project.objects.filter(team=membership.team_id, name__iexact=name.strip()).first()
    if found and found.archived_at:
        raise BadProjectError(f"{found} is archived. Choose another name, or take it out of the archive.")
    return found or create_project(membership=membership, name=name)


def create_project(*, membership: Membership, name: str) -> Project:
    """Raises BadProjectError."""
    name = _checked(name)
    if Project.objects.filter(team=membership.team_id).count() >= MOST:
        raise BadProjectError(f"At most {MOST} projects. Rename one that is not needed any more.")
    with _once(name), transaction.atomic():
        project = Project.objects.create(team=membership.team, name=name)
        _record("project.created", project, membership, after={"name": name})
        return project


def rename_project(*, membership: Membership, project: Project, name: str) -> None:
    """Raises BadProjectError."""
    name, before = _checked(name), project.name
    with _once(name), transaction.atomic():
        Project.objects.filter(pk=project.pk).update(name=name)
        _record("project.renamed", project, membership, before={"name": before}, after={"name": name})


@transaction.atomic
def archive_project(*, membership: Membership, project: Project, is_archived: bool) -> None:
    """An archived project stays in reports and the gallery; new jobs cannot be made for it."""
    Project.objects.filter(pk=project.pk).update(archived_at=Now() if is_archived else None)
    _record(f"project.{'archived' if is_archived else 'reopened'}", project, membership)


def _checked(name: str) -> str:
    name = " ".join(name.split())
    if not name:
        raise BadProjectError("Give the project a name.")
    if len(name) > 80:
        raise BadProjectError("At most 80 characters for a project's name.")
    return name


@contextmanager
def _once(name: str) -> Iterator[None]:
    try:
        yield
    except IntegrityError as error:
        raise BadProjectError(f"There is a project {name} already.") from error


def _record(kind: str, project: Project, membership: Membership, **changes: dict[str, str]) -> None:
    record_audit(kind, team_id=project.team_id, actor_id=membership.user_id, name=project.name, **changes)  # type: ignore[arg-type]
