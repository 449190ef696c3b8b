"""The studio's form. It checks only the format; the contract checks the combination of settings at submit."""

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

_REQUEST_FIELDS = tuple(GenerationRequest.__dataclass_fields__)
_CONTRACT_NAMES = {"image_uri": "first_frame", "last_frame_uri": "last_frame"}


class StudioForm(forms.Form):
    first_frame = forms.CharField(error_messages={"required": "Add a first frame."})
    last_frame = forms.CharField(required=False)
    prompt = forms.CharField(
        max_length=SUPPORT.prompt_max_chars,
        error_messages={
            "required": "Enter a prompt.",
            "max_length": f"Prompt is too long: %(show_value)s of {SUPPORT.prompt_max_chars:,} characters.",
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
        images: Mapping[str, Asset | None],
        projects: QuerySet[Project],
        upload_errors: Mapping[str, str],
    ) -> None:
        """`images` are the team's images that the values name, `upload_errors` the errors of the uploads, by slot."""
        super().__init__(_with_plain_newlines(values))
        self.images = images
        self.projects = projects
        for name, message in upload_errors.items():
            self.errors[name] = self.error_class([message])

    def clean_first_frame(self) -> Asset | None:
        return self._image("first_frame")

    def clean_last_frame(self) -> Asset | None:
        return self._image("last_frame")

    def clean_project(self) -> Project | None:
        value = self.cleaned_data["project"]
        if not value:
            return None
        is_id = value.isascii() and value.isdigit() and len(value) <= 18
        project = self.projects.filter(pk=value).first() if is_id else None
        if project is None:
            raise forms.ValidationError("This project no longer exists or is archived. Choose another.")
        return project

    def clean_idempotency_key(self) -> str:
        return self.cleaned_data["idempotency_key"] or str(uuid7())

    def generation_request(self) -> GenerationRequest:
        request = GenerationRequest(
            **{name: value for name, value in self.cleaned_data.items() if name in _REQUEST_FIELDS}
        )
        model = SUPPORT.models.get(request.model)
        # The page says that such a model does not use the last frame.
        return request if model is None or model.has_last_frame else replace(request, last_frame=None)

    @property
    def error_texts(self) -> dict[str, list[str]]:
        """Return the errors by field, as sentences."""
        return {name: [str(text) for text in texts] for name, texts in self.errors.items()}

    def add_violations(self, violations: Iterable[Violation]) -> None:
        """Add each violation of the contract to its field."""
        for violation in violations:
            field = _CONTRACT_NAMES.get(violation.field, violation.field)
            self.add_error(field if field in FIELD_NAMES else None, f"{formatting.humanize(violation.message)}.")

    def _image(self, name: str) -> Asset | None:
        if self.cleaned_data[name] and self.images[name] is None:
            raise forms.ValidationError("This image is no longer available. Upload it again.")
        return self.images[name]


def _with_plain_newlines(values: Any) -> Any:
    # Browsers send two characters for a line break. The counter on the page and the provider count it as one.
    if "prompt" in values:
        values = values.copy()
        values["prompt"] = values["prompt"].replace("\r\n", "\n")
    return values
