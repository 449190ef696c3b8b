"""The studio's form. It checks the shape only: what goes together is judged by the contract, at submit."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from django import forms
from django.db.models import QuerySet

from generations.common.ids import uuid7
from generations.contract.rules import Violation
from generations.contract.support import SUPPORT
from generations.jobs.submit import GenerationRequest
from generations.library.models import Project
from generations.media.models import Asset

from .. import formatting
from .options import FIELD_NAMES

REQUEST_FIELDS = tuple(GenerationRequest.__dataclass_fields__)

# The contract's name of a field, where ours is another.
_OURS = {"image_uri": "first_frame", "last_frame_uri": "last_frame"}


class StudioForm(forms.Form):
    first_frame = forms.CharField(error_messages={"required": "Choose a still: the video begins with it."})
    last_frame = forms.CharField(required=False)
    prompt = forms.CharField(
        max_length=SUPPORT.prompt_max_chars,
        error_messages={
            "required": "Say what should move.",
            "max_length": f"At most {SUPPORT.prompt_max_chars:,} characters; this has %(show_value)s.",
        },
    )
    model = forms.CharField()
    resolution = forms.CharField()
    fps = forms.IntegerField()
    duration = forms.IntegerField()
    camera_motion = forms.ChoiceField(required=False, choices=[(value, value) for value in formatting.MOTIONS])
    generate_audio = forms.BooleanField(required=False)
    project = forms.CharField(required=False)
    new_project = forms.CharField(max_length=80, required=False)
    idempotency_key = forms.CharField(max_length=80, required=False)
    quoted = forms.IntegerField(required=False)

    def __init__(
        self,
        values: Any,
        *,
        stills: Mapping[str, Asset | None],
        projects: QuerySet[Project],
        upload_errors: Mapping[str, str],
    ) -> None:
        """`stills` are the team's that the values name; `upload_errors` say why one that came along was not taken."""
        super().__init__(_with_plain_newlines(values))
        self.stills = stills
        self.projects = projects
        for name, message in upload_errors.items():
            self.errors[name] = self.error_class([message])

    def clean_first_frame(self) -> Asset | None:
        return self._still("first_frame")

    def clean_last_frame(self) -> Asset | None:
        return self._still("last_frame")

    def clean_project(self) -> Project | None:
        given = self.cleaned_data["project"]
        if not given:
            return None
        is_number = given.isascii() and given.isdigit() and len(given) <= 18
        found = self.projects.filter(pk=given).first() if is_number else None
        if found is None:
            raise forms.ValidationError("This project is gone or archived. Choose another.")
        return found

    def clean_idempotency_key(self) -> str:
        return self.cleaned_data["idempotency_key"] or str(uuid7())

    def generation_request(self) -> GenerationRequest:
        request = GenerationRequest(
            **{name: value for name, value in self.cleaned_data.items() if name in REQUEST_FIELDS}
        )
        model = SUPPORT.models.get(request.model)
        # The page says that this model leaves a last frame out.
        return request if model is None or model.has_last_frame else replace(request, last_frame=None)

    @property
    def faults(self) -> dict[str, list[str]]:
        """What is wrong, by field, as sentences."""
        return {name: [str(text) for text in found] for name, found in self.errors.items()}

    def add_violations(self, violations: Iterable[Violation]) -> None:
        """Put what the contract refuses beside its field."""
        for violation in violations:
            field = _OURS.get(violation.field, violation.field)
            self.add_error(field if field in FIELD_NAMES else None, f"{formatting.humanize(violation.message)}.")

    def _still(self, name: str) -> Asset | None:
        if self.cleaned_data[name] and self.stills[name] is None:
            raise forms.ValidationError("This still is gone. Choose it once more.")
        return self.stills[name]


def _with_plain_newlines(values: Any) -> Any:
    # Browsers send two characters for a line break that the counter on the page, and the provider, count as one.
    if "prompt" in values:
        values = values.copy()
        values["prompt"] = values["prompt"].replace("\r\n", "\n")
    return values
