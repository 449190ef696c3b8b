"""The library's forms in our words."""

from typing import Any

from allauth.account.forms import ChangePasswordForm as LibraryChangePasswordForm
from allauth.account.forms import LoginForm as LibraryLoginForm
from allauth.account.forms import ResetPasswordKeyForm as LibraryResetPasswordForm
from allauth.mfa.webauthn.forms import AddWebAuthnForm
from django import forms

from .models import User


def _rename(form: forms.BaseForm, **labels: str) -> None:
    """Give fields labels of ours; the library's stand inside the boxes too, where they say nothing more."""
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
        label="Let me sign in with it alone",
        required=False,
        initial=True,
        help_text="It then asks for a fingerprint, a face or a PIN, and the password is not needed.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].max_length = 80


class ProfileForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable at run time
    class Meta:
        model = User
        fields = ("name",)
        labels = {"name": "Name"}
        help_texts = {"name": "As your team sees it. Without one, the first part of your address stands there."}
        widgets = {"name": forms.TextInput(attrs={"autocomplete": "name"})}


class DeletionForm(forms.Form):
    """The address typed once more, so that nobody deletes an account by a slip."""

    confirmation = forms.CharField(
        label="Type your email address", widget=forms.EmailInput(attrs={"autocomplete": "off"})
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def clean_confirmation(self) -> str:
        typed: str = self.cleaned_data["confirmation"]
        if typed.strip().lower() != self.user.email.lower():
            raise forms.ValidationError("This is not the address of your account.")
        return typed
