"""Projects group the shots and generations of a team."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import IntegrityError, transaction
from django.db.models import Count, QuerySet
from django.db.models.functions import Now

from generations.accounts.access import require
from generations.accounts.models import Membership, Team
from generations.accounts.roles import Right
from generations.common.errors import DailiesError, NotFoundError
from generations.events.kinds import EventKind
from generations.events.record import record_audit

from .models import Project

MAX_PROJECTS = 500


class BadProjectError(DailiesError):
    """The name is empty, too long or in use, or there are too many projects."""

    status = 422
    code = "invalid"


def open_projects(team: Team) -> QuerySet[Project]:
    """Return the projects that are not archived, by name. New jobs can be added to these."""
    return Project.objects.filter(team=team, archived_at=None).order_by("name", "id")


def projects_with_jobs(team: Team) -> QuerySet[Project]:
    """Return every project with its number of jobs; archived ones last."""
    counted = Project.objects.filter(team=team).annotate(jobs=Count("generations"))
    return counted.order_by("archived_at", "name", "id")


def access_project(membership: Membership, project_id: int) -> Project:
    """Return a project of the member's team. Raises NotFoundError."""
    project = Project.objects.filter(team=membership.team_id, pk=project_id).first()
    if project is None:
        raise NotFoundError
    return project


def project_named(membership: Membership, name: str) -> Project:
    """Return the project of this name, creating it on first use. Raises BadProjectError if it is archived."""
    require(membership, Right.GENERATE)
    found = Project.objects.filter(team=membership.team_id, name__iexact=name.strip()).first()
    if found and found.archived_at:
        raise BadProjectError(f"A project named {found} is archived. Choose another name or restore it.")
    return found or create_project(membership=membership, name=name)


def create_project(*, membership: Membership, name: str) -> Project:
    """Raises BadProjectError."""
    name = _clean_name(name)
    if Project.objects.filter(team=membership.team_id).count() >= MAX_PROJECTS:
        raise BadProjectError(f"Your team has reached the limit of {MAX_PROJECTS} projects.")
    with _unique_name(name), transaction.atomic():
        project = Project.objects.create(team=membership.team, name=name)
        _record(EventKind.PROJECT_CREATED, project, membership, after={"name": name})
        return project


def rename_project(*, membership: Membership, project: Project, name: str) -> None:
    """Raises BadProjectError."""
    name, before = _clean_name(name), project.name
    with _unique_name(name), transaction.atomic():
        Project.objects.filter(pk=project.pk).update(name=name)
        _record(EventKind.PROJECT_RENAMED, project, membership, before={"name": before}, after={"name": name})


@transaction.atomic
def archive_project(*, membership: Membership, project: Project, is_archived: bool) -> None:
    """Archive or restore a project. An archived one stays in reports and the gallery, but takes no new jobs."""
    Project.objects.filter(pk=project.pk).update(archived_at=Now() if is_archived else None)
    _record(EventKind.PROJECT_ARCHIVED if is_archived else EventKind.PROJECT_REOPENED, project, membership)


def _clean_name(name: str) -> str:
    name = " ".join(name.split())
    if not name:
        raise BadProjectError("Enter a project name.")
    if len(name) > 80:
        raise BadProjectError("Use at most 80 characters for the project name.")
    return name


@contextmanager
def _unique_name(name: str) -> Iterator[None]:
    try:
        yield
    except IntegrityError as error:
        raise BadProjectError(f"A project named {name} already exists.") from error


def _record(kind: EventKind, project: Project, membership: Membership, **changes: dict[str, str]) -> None:
    record_audit(kind, team_id=project.team_id, actor_id=membership.user_id, name=project.name, **changes)  # type: ignore[arg-type]
