"""The forms of a team's people and settings. What somebody may do is decided by the services; the forms offer it."""

from typing import Any
from zoneinfo import available_timezones

from django import forms

from generations.accounts.models import Team

_NAME = forms.TextInput(attrs={"autocomplete": "off"})


class TeamNameForm(forms.Form):
    name = forms.CharField(max_length=80, widget=_NAME, error_messages={"required": "A team needs a name."})


class NewTeamForm(TeamNameForm):
    name = forms.CharField(
        label="Name of the team",
        max_length=80,
        widget=_NAME,
        help_text="You own it, and may invite others. Its credits are its own.",
        error_messages={"required": "A team needs a name."},
    )


class TimeZoneForm(forms.Form):
    time_zone = forms.ChoiceField(
        label="Time zone", help_text="Days, weeks and months of quotas and reports begin at its midnight."
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        zones = sorted(zone for zone in available_timezones() if "/" in zone and not zone.startswith("Etc/"))
        self.fields["time_zone"].choices = [("UTC", "UTC"), *((zone, _plainly(zone)) for zone in zones)]  # type: ignore[attr-defined]


class EndTeamForm(forms.Form):
    name = forms.CharField(label="Type the name of the team", max_length=80, widget=_NAME)

    def __init__(self, *args: Any, team: Team, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].help_text = ""
        self.team = team


def _plainly(zone: str) -> str:
    return zone.replace("_", " ").replace("/", " / ")
