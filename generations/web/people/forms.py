"""Forms to invite members, and to create an account from an invitation. The services decide what is allowed."""

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib.auth.password_validation import validate_password

from generations.accounts.invitations import LIFETIMES
from generations.accounts.members import assignable_roles
from generations.accounts.models import Membership, User
from generations.accounts.roles import Role


class InvitationForm(forms.Form):
    """The fields that an invitation by email and an invite link have in common."""

    role = forms.ChoiceField()
    days = forms.TypedChoiceField(label="Expires in", coerce=int, initial=7, choices=list(LIFETIMES.items()))

    def __init__(self, *args: Any, inviter: Membership, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        roles = [(role.value, role.label) for role in assignable_roles(inviter)]
        self.fields["role"].choices = roles  # type: ignore[attr-defined]
        self.fields["role"].initial = Role.CREATOR

    def arguments(self) -> dict[str, Any]:
        """Return the arguments of `invite`."""
        values = self.cleaned_data
        return {"role": Role(values["role"]), "lifetime": timedelta(days=values["days"])}


class EmailInvitationForm(InvitationForm):
    email = forms.EmailField(label="Email address", max_length=254)
    field_order = ("email", "role", "days")

    def arguments(self) -> dict[str, Any]:
        return {**super().arguments(), "email": self.cleaned_data["email"]}


class LinkForm(InvitationForm):
    uses = forms.IntegerField(
        label="Maximum uses", min_value=1, max_value=1000, initial=1, help_text="Anyone with the link can join."
    )

    def arguments(self) -> dict[str, Any]:
        return {**super().arguments(), "max_uses": self.cleaned_data["uses"]}


class NewAccountForm(forms.Form):
    """A new account for the email address of an invitation."""

    name = forms.CharField(
        label="Your name", max_length=80, required=False, widget=forms.TextInput(attrs={"autocomplete": "name"})
    )
    password = forms.CharField(widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}))

    def __init__(self, *args: Any, email: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.email = email

    def clean(self) -> None:
        super().clean()
        if password := self.cleaned_data.get("password"):
            user = User(email=self.email, name=self.cleaned_data.get("name", ""))
            try:
                validate_password(password, user)
            except forms.ValidationError as error:
                self.add_error("password", error)
