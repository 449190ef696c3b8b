"""Forms of the account pages: allauth's with our labels, and our own."""

from typing import Any

from allauth.account.forms import ChangePasswordForm as LibraryChangePasswordForm
from allauth.account.forms import LoginForm as LibraryLoginForm
from allauth.account.forms import ResetPasswordKeyForm as LibraryResetPasswordForm
from allauth.mfa.webauthn.forms import AddWebAuthnForm
from django import forms

from .models import User


def _rename(form: forms.BaseForm, **labels: str) -> None:
    """Set labels. allauth repeats its labels as placeholders, so those are removed."""
    for name, label in labels.items():
        form.fields[name].label = label
        form.fields[name].widget.attrs.pop("placeholder", None)


class LoginForm(LibraryLoginForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _rename(self, remember="Stay signed in on this device")


class ChangePasswordForm(LibraryChangePasswordForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _rename(self, oldpassword="Current password", password1="New password", password2="New password (again)")


class ResetPasswordForm(LibraryResetPasswordForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _rename(self, password1="New password", password2="New password (again)")


class AddPasskeyForm(AddWebAuthnForm):  # type: ignore[misc]
    passwordless = forms.BooleanField(
        label="Use as passwordless sign-in",
        required=False,
        initial=True,
        help_text="Your device asks for a fingerprint, face or PIN. You don't need your password.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].max_length = 80


class ProfileForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = User
        fields = ("name",)
        labels = {"name": "Name"}
        help_texts = {"name": "Shown to your team. Default: the first part of your email."}
        widgets = {"name": forms.TextInput(attrs={"autocomplete": "name"})}


class DeletionForm(forms.Form):
    """Asks for the email again, so that no one deletes an account by accident."""

    confirmation = forms.CharField(
        label="Type your email address", widget=forms.EmailInput(attrs={"autocomplete": "off"})
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def clean_confirmation(self) -> str:
        typed: str = self.cleaned_data["confirmation"]
        if typed.strip().lower() != self.user.email.lower():
            raise forms.ValidationError("This doesn't match your account email.")
        return typed
