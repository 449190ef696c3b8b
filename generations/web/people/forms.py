"""The forms of a team's people and settings. What somebody may do is decided by the services; the forms offer it."""

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib.auth.password_validation import validate_password

from generations.accounts.invitations import LIFETIMES
from generations.accounts.members import roles_within
from generations.accounts.models import Membership, User
from generations.accounts.roles import Role


class InvitationForm(forms.Form):
    """What a letter and a link have in common."""

    role = forms.ChoiceField()
    days = forms.TypedChoiceField(label="Holds for", coerce=int, initial=7, choices=list(LIFETIMES.items()))

    def __init__(self, *args: Any, inviter: Membership, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        roles = [(role.value, role.label) for role in roles_within(inviter)]
        self.fields["role"].choices = roles  # type: ignore[attr-defined]
        self.fields["role"].initial = Role.CREATOR

    def wish(self) -> dict[str, Any]:
        values = self.cleaned_data
        return {"role": Role(values["role"]), "lifetime": timedelta(days=values["days"])}


class LetterForm(InvitationForm):
    email = forms.EmailField(label="Email address", max_length=254)
    field_order = ("email", "role", "days")

    def wish(self) -> dict[str, Any]:
        return {**super().wish(), "email": self.cleaned_data["email"]}


class LinkForm(InvitationForm):
    uses = forms.IntegerField(
        label="For how many people", min_value=1, max_value=1000, initial=1, help_text="Whoever has the link may join."
    )

    def wish(self) -> dict[str, Any]:
        return {**super().wish(), "max_uses": self.cleaned_data["uses"]}


class NewAccountForm(forms.Form):
    """An account for somebody whose address is known already."""

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
