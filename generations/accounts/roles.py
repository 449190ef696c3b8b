"""Roles and their permissions. Code checks for a right, never for a role."""

from enum import StrEnum

from django.db.models import TextChoices


class Role(TextChoices):
    OWNER = "owner", "Owner"
    ADMIN = "admin", "Admin"
    CREATOR = "creator", "Creator"
    REVIEWER = "reviewer", "Reviewer"
    BILLING = "billing", "Billing"


class Scope(TextChoices):
    """What an API key may do. A personal key never exceeds the role of its user."""

    GENERATE = "generate", "Generate"
    READ = "read", "Read"
    REVIEW = "review", "Review"
    MANAGE = "manage", "Manage"


class Right(StrEnum):
    VIEW = "view"  # the gallery, takes and their media
    GENERATE = "generate"  # upload images, submit and cancel own generations
    REVIEW = "review"  # approve takes or request changes
    MANAGE_JOBS = "manage_jobs"  # see and cancel all generations of the team
    MANAGE_CREDITS = "manage_credits"  # the team's statement, quotas, requests and reports
    MANAGE_TEAM = "manage_team"  # members, invitations, keys, webhooks
    OWN_TEAM = "own_team"  # rename and delete the team, add and remove owners


_CREATOR = {Right.VIEW, Right.GENERATE, Right.REVIEW}
_ADMIN = {*_CREATOR, Right.MANAGE_JOBS, Right.MANAGE_CREDITS, Right.MANAGE_TEAM}

RIGHTS: dict[str, frozenset[Right]] = {
    Role.OWNER: frozenset({*_ADMIN, Right.OWN_TEAM}),
    Role.ADMIN: frozenset(_ADMIN),
    Role.CREATOR: frozenset(_CREATOR),
    Role.REVIEWER: frozenset({Right.VIEW, Right.REVIEW}),
    Role.BILLING: frozenset({Right.VIEW, Right.MANAGE_CREDITS}),
}
