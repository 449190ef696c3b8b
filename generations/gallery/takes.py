"""Finished takes of a team, newest first."""

from dataclasses import dataclass

from django.db.models import Q

from generations.accounts.models import Membership, Team
from generations.common.pagination import Page, keyset_page
from generations.jobs.models import Generation, GenerationQuerySet, Project

PAGE_SIZE = 24


@dataclass(frozen=True)
class Neighbours:
    newer: Generation | None
    older: Generation | None


def gallery_page(team: Team, *, cursor: str | None, project: Project | None = None) -> Page[Generation]:
    """One page of takes, of one project if it is given, in one query. Raises BadCursorError."""
    takes = _takes(team).filter(project=project) if project else _takes(team)
    return keyset_page(takes, cursor=cursor, size=PAGE_SIZE)


def running_jobs(membership: Membership) -> list[Generation]:
    """The member's own jobs that will become takes, newest first."""
    jobs = Generation.objects.of_team(membership.team).filter(author=membership.user).in_flight()
    return list(jobs.with_media().order_by("-created_at", "-id")[:PAGE_SIZE])


def neighbours(take: Generation) -> Neighbours:
    """The takes beside this one in the gallery, ids only, each in one query that walks the gallery's index."""
    takes = Generation.objects.filter(team_id=take.team_id).finished().only("id")
    newer = takes.filter(Q(created_at__gt=take.created_at) | Q(id__gt=take.pk), created_at__gte=take.created_at)
    older = takes.filter(Q(created_at__lt=take.created_at) | Q(id__lt=take.pk), created_at__lte=take.created_at)
    return Neighbours(
        newer=newer.order_by("created_at", "id").first(),
        older=older.order_by("-created_at", "-id").first(),
    )


def _takes(team: Team) -> GenerationQuerySet:
    return Generation.objects.of_team(team).finished().with_media()
