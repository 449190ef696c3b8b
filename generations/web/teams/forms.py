"""Forms of a team: create, rename, time zone, delete."""

from typing import Any
from zoneinfo import available_timezones

from django import forms

from generations.accounts.models import Team

_TEXT_INPUT = forms.TextInput(attrs={"autocomplete": "off"})
_NAME_ERRORS = {"required": "Enter a team name."}


class TeamNameForm(forms.Form):
    name = forms.CharField(max_length=80, widget=_TEXT_INPUT, error_messages=_NAME_ERRORS)


class NewTeamForm(TeamNameForm):
    name = forms.CharField(
        label="Team name",
        max_length=80,
        widget=_TEXT_INPUT,
        help_text="You'll be the owner. Each team has its own credits.",
        error_messages=_NAME_ERRORS,
    )


class TimeZoneForm(forms.Form):
    time_zone = forms.ChoiceField(label="Time zone", help_text="Limits and reports use this time zone.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        zones = sorted(zone for zone in available_timezones() if "/" in zone and not zone.startswith("Etc/"))
        self.fields["time_zone"].choices = [("UTC", "UTC"), *((zone, _zone_label(zone)) for zone in zones)]  # type: ignore[attr-defined]


class DeleteTeamForm(forms.Form):
    name = forms.CharField(label="Type the team name to confirm", max_length=80, widget=_TEXT_INPUT)

    def __init__(self, *args: Any, team: Team, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.team = team


def _zone_label(zone: str) -> str:
    return zone.replace("_", " ").replace("/", " / ")
