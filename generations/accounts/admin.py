"""Users and teams for site staff."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import BaseUserCreationForm, SetUnusablePasswordMixin, UserChangeForm
from django.db.models import Count, F, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.forms import BaseInlineFormSet
from django.http import HttpRequest

from generations.common.admin import ModelAdmin, ReadOnlyInline, RejectNulMixin, TabularInline
from generations.events.kinds import EventKind
from generations.events.live import revalidate_subscribers
from generations.events.record import record_audit

from .models import Membership, Team, User
from .roles import Role
from .sessions import revalidate_streams
from .teams import add_member, create_personal_team, create_team


class NewUserForm(SetUnusablePasswordMixin, BaseUserCreationForm):  # type: ignore[type-arg]
    usable_password = SetUnusablePasswordMixin.create_usable_password_field()

    class Meta:
        model = User
        fields = ("email", "name")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Not required, because the user can set a password by a password reset.
        self.fields["password1"].required = self.fields["password2"].required = False

    def clean_email(self) -> str:
        return str(self.cleaned_data["email"]).lower()


class UserForm(UserChangeForm):  # type: ignore[type-arg]
    class Meta:
        model = User
        fields = "__all__"

    def clean_email(self) -> str:
        return str(self.cleaned_data["email"]).lower()


class TeamsOfUserInline(ReadOnlyInline[Membership]):
    model = Membership
    fields = ("team", "role", "created_at")
    verbose_name_plural = "teams"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Membership]:
        return super().get_queryset(request).select_related("team", "user")


@admin.register(User)
class UserAdmin(RejectNulMixin, DjangoUserAdmin):  # type: ignore[type-arg]
    """Users are deactivated, not deleted, because the ledger refers to them. Deactivation ends their sessions."""

    form = UserForm
    add_form = NewUserForm
    ordering = ("-id",)
    list_display = ("email", "name", "is_active", "is_staff", "date_joined", "last_login")
    list_filter = ("is_active", "is_staff", "is_superuser", "date_joined")
    date_hierarchy = "date_joined"
    search_fields = ("email", "name")
    readonly_fields = ("date_joined", "last_login")
    fieldsets = (
        (None, {"fields": ("email", "name", "password")}),
        ("Permissions", {"fields": ("is_active", "is_staff", "is_superuser", "groups", "user_permissions")}),
        ("Dates", {"fields": ("date_joined", "last_login")}),
    )
    add_fieldsets = (
        (None, {"classes": ("wide",), "fields": ("email", "name", "usable_password", "password1", "password2")}),
    )

    def get_inlines(self, request: HttpRequest, obj: User | None) -> Any:
        return [TeamsOfUserInline] if obj else []

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if not change:
            create_personal_team(obj)
        elif "is_active" in form.changed_data:
            revalidate_streams(obj)


class MembersFormSet(BaseInlineFormSet):  # type: ignore[type-arg]
    def clean(self) -> None:
        super().clean()
        if not any(form.instance.role == Role.OWNER for form in self.initial_forms):
            raise forms.ValidationError("A team must have an owner. Make someone else an owner first.")


class MembersInline(TabularInline[Membership, Team]):
    """Change roles here. Add members under Memberships, which has a search.

    Members are not removed here: takes and the ledger refer to the membership, and deactivation must cancel queued
    generations.
    """

    model = Membership
    formset = MembersFormSet
    fields = ("user", "role", "created_at")
    readonly_fields = ("user", "created_at")
    extra = 0
    can_delete = False
    verbose_name_plural = "members"

    def has_add_permission(self, request: HttpRequest, obj: Team | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Team | None = None) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Membership]:
        return super().get_queryset(request).select_related("team", "user").order_by("id")


class NewTeamForm(forms.ModelForm):  # type: ignore[type-arg]
    owner = forms.EmailField(label="Owner's email", help_text="The owner must have an account.")

    class Meta:
        model = Team
        fields = ("name",)

    def clean_owner(self) -> User:
        user = User.objects.filter(email__iexact=self.cleaned_data["owner"], is_active=True).first()
        if user is None:
            raise forms.ValidationError("No active account with this email.")
        return user


@admin.register(Team)
class TeamAdmin(RejectNulMixin, ModelAdmin[Team]):
    list_display = ("name", "slug", "people", "available", "created_at")
    search_fields = ("name", "slug", "memberships__user__email")
    date_hierarchy = "created_at"
    ordering = ("-id",)
    readonly_fields = ("created_at", "available")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Team]:
        people = Membership.objects.filter(team=OuterRef("pk")).order_by().values("team").annotate(n=Count("id"))
        return (
            super()
            .get_queryset(request)
            .annotate(
                people=Coalesce(Subquery(people.values("n")), 0),
                available=Coalesce(F("wallet__posted") - F("wallet__held"), 0),
            )
        )

    @admin.display(ordering="people")
    def people(self, team: Team) -> int:
        return int(team.people)  # type: ignore[attr-defined]

    @admin.display(description="available credits", ordering="available")
    def available(self, team: Team) -> str:
        return f"{team.available:,}"  # type: ignore[attr-defined]

    def get_fields(self, request: HttpRequest, obj: Team | None = None) -> tuple[str, ...]:
        return ("name", "slug", "available", "created_at") if obj else ("name", "owner")

    def get_form(self, request: HttpRequest, obj: Team | None = None, change: bool = False, **kwargs: Any) -> Any:
        if obj is None:
            kwargs["form"] = NewTeamForm
        return super().get_form(request, obj, change, **kwargs)

    def get_inlines(self, request: HttpRequest, obj: Team | None) -> Any:
        return [MembersInline] if obj else []

    def has_delete_permission(self, request: HttpRequest, obj: Team | None = None) -> bool:
        return False

    def save_form(self, request: HttpRequest, form: Any, change: bool) -> Any:
        if change:
            return super().save_form(request, form, change)
        form.save_m2m = lambda: None
        return create_team(name=form.cleaned_data["name"], owner=form.cleaned_data["owner"])

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        super().save_formset(request, form, formset, change)
        for membership, _ in getattr(formset, "changed_objects", ()):
            _record_role(request, membership)
            revalidate_subscribers(membership.team_id)


@admin.register(Membership)
class MembershipAdmin(RejectNulMixin, ModelAdmin[Membership]):
    """Add members here. Change roles on the team's page, which makes sure that an owner remains."""

    list_display = ("user", "team", "role", "created_at")
    list_filter = ("role",)
    list_select_related = ("user", "team")
    search_fields = ("user__email", "user__name", "team__name", "team__slug")
    autocomplete_fields = ("user", "team")
    ordering = ("-id",)
    fields = ("team", "user", "role")

    def has_change_permission(self, request: HttpRequest, obj: Membership | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Membership | None = None) -> bool:
        return False

    def save_form(self, request: HttpRequest, form: Any, change: bool) -> Any:
        form.save_m2m = lambda: None
        return add_member(**form.cleaned_data, actor=request.user)  # type: ignore[arg-type]

    def save_model(self, request: HttpRequest, obj: Membership, form: Any, change: bool) -> None:
        """Do nothing: `add_member` has saved the row."""


def _record_role(request: HttpRequest, membership: Membership) -> None:
    about = {"user": membership.user_id, "email": membership.user.email, "role": membership.role}
    record_audit(EventKind.MEMBER_ROLE_CHANGED, team_id=membership.team_id, actor_id=request.user.pk, **about)  # type: ignore[arg-type]
