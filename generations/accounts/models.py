"""Users and their teams.

- A user signs in with an email; there is no user name.
- A team owns everything else: images, generations, takes, credits. Every row of every room names its team. The current
  team is part of the URL, so two tabs can show two teams.
- A membership links a user to a team with one role. `roles` says what a role may do.
- Signing up creates a personal team that the new user owns.
- Rows of a team are read through `access` and `visible_to`. To outsiders they do not exist.
- An invitation is a secret link, for one email or for anyone with the link. An API key acts for a user or, as a service
  key, for the team. Only the hashes of their secrets are stored.
"""

from typing import TYPE_CHECKING, Any, ClassVar, Self

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Lower, Now

from generations.common.ids import uuid7

from .roles import RIGHTS, Right, Role, Scope

if TYPE_CHECKING:
    from .access import Viewer


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)


class User(AbstractBaseUser, PermissionsMixin):
    email = models.EmailField(unique=True, error_messages={"unique": "This address already has an account."})
    name = models.CharField(max_length=80, blank=True)
    is_staff = models.BooleanField("site staff", default=False, help_text="May use the site's admin pages.")
    is_active = models.BooleanField(default=True, help_text="Switch off instead of deleting.")
    date_joined = models.DateTimeField(db_default=Now())

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        constraints = [models.UniqueConstraint(Lower("email"), name="user_email_once")]

    def __str__(self) -> str:
        return self.display_name

    @property
    def display_name(self) -> str:
        return self.name or self.email.partition("@")[0]

    def rename(self, name: str) -> None:
        self.name = name.strip()
        self.save(update_fields=["name"])


class Team(models.Model):
    name = models.CharField(max_length=80)
    slug = models.SlugField(max_length=60, unique=True)
    time_zone = models.CharField(
        max_length=64, default="UTC", help_text="Where a day, a week and a month of quotas and reports begin."
    )
    ends_at = models.DateTimeField(
        null=True, blank=True, help_text="When the team and all that is its own goes for good; until then it may stay."
    )
    created_at = models.DateTimeField(db_default=Now())
    members: "models.ManyToManyField[User, Membership]" = models.ManyToManyField(
        User, through="Membership", related_name="teams"
    )

    def __str__(self) -> str:
        return self.name


class MembershipQuerySet(models.QuerySet["Membership"]):
    def visible_to(self, viewer: "Viewer") -> Self:
        """The team's members; deactivated ones only with Right.MANAGE_TEAM."""
        members = self.filter(team=viewer.team)
        return members if viewer.can(Right.MANAGE_TEAM) else members.active()

    def active(self) -> Self:
        return self.filter(user__is_active=True, deactivated_at__isnull=True)

    def with_right(self, right: Right) -> Self:
        return self.filter(role__in=[role for role, rights in RIGHTS.items() if right in rights])

    def managers_of(self, team_id: int) -> "models.QuerySet[Membership, int]":
        """The user ids of the active members who manage the team."""
        return self.active().with_right(Right.MANAGE_TEAM).filter(team=team_id).values_list("user_id", flat=True)


class Membership(models.Model):
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=10, choices=Role.choices, default=Role.CREATOR)
    created_at = models.DateTimeField(db_default=Now())
    # The row is never deleted, because takes, ledger entries and service keys refer to it.
    deactivated_at = models.DateTimeField(null=True, blank=True)

    objects = MembershipQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["team", "user"], name="membership_once"),
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="membership_role_known"),
        ]

    def __str__(self) -> str:
        return f"{self.user} in {self.team}"

    @property
    def own(self) -> models.Q:
        """Select what the member submitted."""
        return models.Q(author=self.user_id)

    def can(self, right: Right) -> bool:
        return right in RIGHTS[self.role]


class InvitationQuerySet(models.QuerySet["Invitation"]):
    def visible_to(self, viewer: "Viewer") -> Self:
        """The team's invitations, with Right.MANAGE_TEAM."""
        return self.filter(team=viewer.team) if viewer.can(Right.MANAGE_TEAM) else self.none()

    def open(self) -> Self:
        """Can still be accepted, by the database's clock."""
        return self.filter(
            models.Q(max_uses__isnull=True) | models.Q(uses__lt=models.F("max_uses")),
            revoked_at__isnull=True,
            expires_at__gt=Now(),
        )


class Invitation(models.Model):
    """An invitation to a team: for the owner of `email`, or without one for anyone with the link."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="invitations")
    email = models.EmailField(blank=True)
    role = models.CharField(max_length=10, choices=Role.choices, default=Role.CREATOR)
    digest = models.CharField(max_length=64, unique=True, help_text="SHA-256 of the secret in the link, in hex.")
    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()
    max_uses = models.PositiveSmallIntegerField(null=True, blank=True, help_text="Empty: as many as like.")
    uses = models.PositiveSmallIntegerField(default=0)
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects = InvitationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="invitation_role_known"),
            models.CheckConstraint(
                condition=models.Q(max_uses__isnull=True) | models.Q(uses__lte=models.F("max_uses")),
                name="invitation_not_overused",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.email or 'link'} to {self.team}"


class ApiKeyQuerySet(models.QuerySet["ApiKey"]):
    def visible_to(self, viewer: "Viewer") -> Self:
        """The team's keys with Right.MANAGE_TEAM; else the viewer's personal keys."""
        keys = self.filter(team=viewer.team)
        return keys if viewer.can(Right.MANAGE_TEAM) else keys.filter(user=viewer.user, is_service=False)

    def live(self) -> Self:
        """Neither revoked nor expired, by the database's clock."""
        return self.filter(models.Q(expires_at__isnull=True) | models.Q(expires_at__gt=Now()), revoked_at__isnull=True)


class ApiKey(models.Model):
    """Access for a program. Rotation replaces the secrets; name, scopes, quota and history stay with the key.

    A personal key acts for its user and is revoked with the membership. A service key belongs to the team: `user` is
    its creator, its spending counts against no member's quota, and it keeps working after the creator leaves.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="api_keys")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="api_keys")
    name = models.CharField(max_length=80)
    is_service = models.BooleanField("service key", default=False)
    scopes = ArrayField(models.CharField(max_length=10, choices=Scope.choices))
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True, help_text="To the minute.")

    objects = ApiKeyQuerySet.as_manager()

    class Meta:
        verbose_name = "API key"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(scopes__contained_by=Scope.values, scopes__len__gt=0), name="apikey_scopes_known"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class ApiKeySecret(models.Model):
    """A secret of a key. During the overlap of a rotation there are two, and the older one has an expiry date."""

    key = models.ForeignKey(ApiKey, on_delete=models.CASCADE, related_name="secrets")
    prefix = models.CharField(max_length=16, help_text="The beginning, shown so that people can tell keys apart.")
    digest = models.CharField(max_length=64, unique=True, help_text="SHA-256 of the whole secret, in hex.")
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.prefix}…"
